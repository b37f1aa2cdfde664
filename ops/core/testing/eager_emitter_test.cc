// SPDX-License-Identifier: Apache-2.0
#include "ops/core/testing/eager_emitter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ops/math/matmul/matmul.h"
#include "ops/nn/relu/relu.h"

namespace lockstep::ops {
namespace {

GuardedTensor Matrix(int64_t rows, int64_t columns, const std::vector<double>& values) {
  GuardedTensor tensor({DType::kFloat64, {rows, columns}});
  for (size_t i = 0; i < values.size(); ++i) tensor.Set(static_cast<int64_t>(i), values[i]);
  return tensor;
}

TEST(EagerEmitter, RunsEachOpAsItIsEmitted) {
  EagerEmitter emit;
  const Value a = emit.Input(Matrix(1, 2, {1, -2}));
  const Value b = emit.Input(Matrix(2, 2, {3, 4, 5, 1}));
  const Value y = Relu(&emit, MatMul(&emit, a, b));
  ASSERT_EQ(emit.status().ToString(), "ok");
  EXPECT_EQ(emit.TypeOf(y).ToString(), "f64[1,2]");
  EXPECT_THAT(emit.Get(y).Values(), ::testing::ElementsAre(0, 2));
  ASSERT_EQ(emit.nodes().size(), 2u);
  EXPECT_EQ(emit.nodes()[0].op, "matmul");
  EXPECT_EQ(emit.nodes()[1].out[0], y);
}

TEST(EagerEmitter, KeepsTheFirstFailureAndRunsNothingAfterIt) {
  EagerEmitter emit;
  const Value a = emit.Input(Matrix(1, 2, {1, 2}));
  const Value wrong = MatMul(&emit, a, a);
  EXPECT_FALSE(wrong.valid());
  const Value after = Relu(&emit, a);
  EXPECT_FALSE(after.valid());
  EXPECT_FALSE(Relu(&emit, wrong).valid());
  EXPECT_THAT(emit.status().message(), ::testing::StartsWith("matmul: a is f64[1,2]"));
  EXPECT_TRUE(emit.nodes().empty());
}

TEST(EagerEmitter, RefusesAnInvalidValueWithoutAFailureBeforeIt) {
  EagerEmitter emit;
  EXPECT_FALSE(Relu(&emit, Value()).valid());
  EXPECT_EQ(emit.status().message(), "relu: input 0 is not a value; expected one");
}

}  // namespace
}  // namespace lockstep::ops
