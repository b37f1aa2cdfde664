// SPDX-License-Identifier: Apache-2.0
#include "graph/io/tensor_order.h"

#include <gtest/gtest.h>

#include "base/philox.h"
#include "graph/program/initialise.h"

namespace lockstep::graph {
namespace {

// K=2 R=1 S=2 C=3 in memory, K C R S in files.
Parameter Weight() {
  return {"conv1.weight", {DType::kFloat32, {2, 1, 2, 3}},   {2, 1, 2, 3}, {2, 3, 1, 2},
          {0, 3, 1, 2},   {Initializer::Kind::kUniform, 0.5}};
}

TEST(TensorOrder, FilesHoldChannelsBeforeThePositionsOfTheKernel) {
  const std::vector<float> memory = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
  std::vector<float> file(12), back(12);
  ToFileOrder(Weight(), memory.data(), file.data());
  EXPECT_EQ(file, (std::vector<float>{0, 3, 1, 4, 2, 5, 6, 9, 7, 10, 8, 11}));
  FromFileOrder(Weight(), file.data(), back.data());
  EXPECT_EQ(back, memory);
}

TEST(TensorOrder, NarrowerFilesAreWidenedExactly) {
  const std::vector<float> file = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0.1f, 11};
  std::vector<double> memory(12);
  FromFileOrder(Weight(), file.data(), memory.data());
  EXPECT_EQ(memory[8], static_cast<double>(0.1f));
}

TEST(TensorOrder, WhetherToGoOnIsAskedBeforeEachRowOfTheFile) {
  int asked = 0;
  std::vector<int64_t> visited;
  const auto visit = [&](int64_t file, int64_t) { visited.push_back(file); };
  EXPECT_FALSE(ForEachElementWhile(
      Weight(), [&] { return ++asked <= 2; }, visit));
  EXPECT_EQ(visited, (std::vector<int64_t>{0, 1, 2, 3}));  // two rows of two
  EXPECT_TRUE(ForEachElementWhile(
      Weight(), [] { return true; }, visit));
  EXPECT_EQ(visited.size(), 4u + 12u);
}

// The six normals that the independent program draws for this seed and name.
TEST(Initialise, NormalDeviatesAreTheKnownOnesTimesTheStandardDeviation) {
  Parameter parameter = Weight();
  parameter.init = {Initializer::Kind::kNormal, 0.5};
  std::vector<double> memory(12), file(12);
  ASSERT_TRUE(Initialise(parameter, 1, memory.data()).ok());
  ToFileOrder(parameter, memory.data(), file.data());
  const double known[] = {1.5846650943355811,  0.6384627714264766,  0.652855642624929,
                          -0.5225903314711302, -0.3425829713677687, -0.6417955550208455};
  for (size_t i = 0; i < 6; ++i) EXPECT_DOUBLE_EQ(file[i], 0.5 * known[i]) << i;
  std::vector<float> rounded(12);
  ASSERT_TRUE(Initialise(parameter, 1, rounded.data()).ok());
  for (size_t i = 0; i < 12; ++i) EXPECT_EQ(rounded[i], static_cast<float>(memory[i]));
}

TEST(Initialise, NumbersElementsInTheFilesOrder) {
  std::vector<float> memory(12), file(12);
  ASSERT_TRUE(Initialise(Weight(), 1, memory.data()).ok());
  ToFileOrder(Weight(), memory.data(), file.data());
  const PhiloxKey key = StreamKey(1, "init", "conv1.weight");
  for (uint32_t i = 0; i < 12; ++i) {
    const float u = UniformFloat(Philox4x32({i, 0, 0, 0}, key)[0]);
    EXPECT_EQ(file[i], static_cast<float>(-0.5 + static_cast<double>(u))) << i;
  }
}

TEST(Initialise, LooksWhetherItIsToStop) {
  std::vector<float> memory(12, 7.0f);
  std::atomic<bool> stop{true};
  EXPECT_EQ(Initialise(Weight(), 1, memory.data(), &stop).code(), StatusCode::kCancelled);
  EXPECT_EQ(memory, std::vector<float>(12, 7.0f));
  stop = false;
  EXPECT_TRUE(Initialise(Weight(), 1, memory.data(), &stop).ok());
}

}  // namespace
}  // namespace lockstep::graph
