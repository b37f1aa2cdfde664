// SPDX-License-Identifier: Apache-2.0
#include "ops/norm/group_norm/group_norm.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ops/core/testing/eager_emitter.h"
#include "ops/core/testing/kernels_agree.h"
#include "ops/core/testing/reference_run.h"

namespace lockstep::ops {
namespace {

using ::testing::HasSubstr;

Value Vector(EagerEmitter* e, const std::vector<double>& values, const Shape& shape) {
  GuardedTensor tensor({DType::kFloat64, shape});
  for (size_t i = 0; i < values.size(); ++i) tensor.Set(static_cast<int64_t>(i), values[i]);
  return e->Input(std::move(tensor));
}

TEST(LayerNorm, NormalisesTheChannelsOfEachPosition) {
  EagerEmitter e;
  const Value x = Vector(&e, {1, 3, 10, 30}, {1, 2, 1, 2});
  const Value y = LayerNorm(&e, x, Vector(&e, {1, 2}, {2}), Vector(&e, {0, 5}, {2}), 1e-12);
  ASSERT_TRUE(e.status().ok()) << e.status();
  EXPECT_EQ(e.TypeOf(y).shape, (Shape{1, 2, 1, 2}));
  const double expected[] = {-1, 7, -1, 7};
  for (int64_t i = 0; i < 4; ++i) EXPECT_NEAR(e.Get(y).At(i), expected[i], 1e-9) << i;
}

TEST(InstanceNorm, NormalisesEachChannelOfEachImage) {
  EagerEmitter e;
  const Value y = InstanceNorm(&e, Vector(&e, {1, 10, 3, 30}, {1, 2, 1, 2}), 1e-12);
  ASSERT_TRUE(e.status().ok()) << e.status();
  const double expected[] = {-1, -1, 1, 1};
  for (int64_t i = 0; i < 4; ++i) EXPECT_NEAR(e.Get(y).At(i), expected[i], 1e-9) << i;
}

TEST(GroupNorm, GroupsThatDoNotDivideTheChannelsAreRefused) {
  ReferenceRun run("group_norm", Pack(GroupNormAttrs{2}));
  run.In<float>({1, 3}, {1, 2, 3}).In<float>({3}, {1, 1, 1}).In<float>({3}, {0, 0, 0});
  EXPECT_THAT(run.Run().message(), HasSubstr("2 groups do not divide the 3 channels"));
}

// Rows of several parts; and rows of one position, in several runs.
TEST(GroupNorm, KernelsAgreeOnManyElements) {
  struct {
    Shape x;
    int64_t groups;
  } const cases[] = {{{2, 70, 70, 2}, 1}, {{3, 65, 65, 4}, 2}, {{300, 40}, 2}};
  for (const auto& c : cases) {
    const TensorType x = {DType::kFloat32, c.x}, vector = {DType::kFloat32, {c.x[c.x.rank() - 1]}};
    const TensorType each = {DType::kFloat32, {c.x[0], c.groups}};
    const Attrs attrs = Pack(GroupNormAttrs{c.groups});
    ExpectKernelsAgree("group_norm", attrs,
                       {MakeInput(x, 1), MakeInput(vector, 2), MakeInput(vector, 3)}, 1e-5);
    ExpectKernelsAgree("group_norm_grad", attrs,
                       {MakeInput(x, 1), MakeInput(vector, 2), MakeInput(each, 3),
                        MakeInput(each, 4), MakeInput(x, 5)},
                       1e-5);
  }
}

// A number far from 0 costs no more digits than those it has.
TEST(GroupNorm, VarianceSurvivesALargeMean) {
  for (const Shape& shape : {Shape{1, 30, 30, 2}, Shape{4, 64}}) {
    GuardedTensor x = MakeInput({DType::kFloat32, shape}, 1);
    for (int64_t i = 0; i < x.elements(); ++i) x.Set(i, 4096.0 + x.At(i));
    const TensorType vector = {DType::kFloat32, {shape[shape.rank() - 1]}};
    ExpectKernelsAgree("group_norm", Pack(GroupNormAttrs{2}),
                       {x, MakeInput(vector, 2), MakeInput(vector, 3)}, 2e-3);
  }
}

}  // namespace
}  // namespace lockstep::ops
