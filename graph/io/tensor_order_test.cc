// SPDX-License-Identifier: Apache-2.0
#include "graph/io/tensor_order.h"

#include <gtest/gtest.h>

#include "base/philox.h"
#include "graph/program/initialise.h"

namespace lockstep::graph {
namespace {

// K=2 R=1 S=2 C=3 in memory, K C R S in files.
Parameter Weight() {
  return {"conv1.weight",
          {DType::kFloat32, {2, 1, 2, 3}},
          {2, 3, 1, 2},
          {0, 3, 1, 2},
          {Initializer::Kind::kUniform, 0.5}};
}

TEST(TensorOrder, FilesHoldChannelsBeforeThePositionsOfTheKernel) {
  const std::vector<float> memory = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
  std::vector<float> file(12), back(12);
  ToFileOrder(Weight(), memory.data(), file.data());
  EXPECT_EQ(file, (std::vector<float>{0, 3, 1, 4, 2, 5, 6, 9, 7, 10, 8, 11}));
  FromFileOrder(Weight(), file.data(), back.data());
  EXPECT_EQ(back, memory);
}

TEST(Initialise, NumbersElementsInTheFilesOrder) {
  std::vector<float> memory(12), file(12);
  Initialise(Weight(), 1, memory.data());
  ToFileOrder(Weight(), memory.data(), file.data());
  const PhiloxKey key = StreamKey(1, "init", "conv1.weight");
  for (uint32_t i = 0; i < 12; ++i) {
    const float u = UniformFloat(Philox4x32({i, 0, 0, 0}, key)[0]);
    EXPECT_EQ(file[i], static_cast<float>(-0.5 + static_cast<double>(u))) << i;
  }
}

}  // namespace
}  // namespace lockstep::graph
