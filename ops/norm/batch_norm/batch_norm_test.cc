// SPDX-License-Identifier: Apache-2.0
#include "ops/norm/batch_norm/batch_norm.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ops/core/testing/kernels_agree.h"
#include "ops/core/testing/reference_run.h"

namespace lockstep::ops {
namespace {

using testing::ElementsAre;
using testing::FloatEq;

TEST(BatchNorm, OneElementAChannelHasNoVariance) {
  ReferenceRun run("batch_norm_train", Pack(BatchNormAttrs{0.25}));
  run.In<float>({1, 2}, {3, -4}).In<float>({2}, {1, 1}).In<float>({2}, {10, 20});
  ASSERT_EQ(run.Run().ToString(), "ok");
  EXPECT_THAT(run.Out<float>(0), ElementsAre(10, 20));
  EXPECT_THAT(run.Out<float>(1), ElementsAre(3, -4));
  EXPECT_THAT(run.Out<float>(2), ElementsAre(0, 0));
  EXPECT_THAT(run.Out<float>(3), ElementsAre(2, 2));
}

TEST(BatchNorm, ReportsTheUnbiasedVarianceAndNormalisesWithTheBiasedOne) {
  ReferenceRun run("batch_norm_train", Pack(BatchNormAttrs{0.75}));
  run.In<float>({4, 1}, {0, 1, 2, 3}).In<float>({1}, {1}).In<float>({1}, {0});
  ASSERT_EQ(run.Run().ToString(), "ok");
  EXPECT_THAT(run.Out<float>(2), ElementsAre(FloatEq(5.0f / 3.0f)));
  EXPECT_THAT(run.Out<float>(3), ElementsAre(FloatEq(0.70710678f)));  // 1 / sqrt(1.25 + 0.75)
}

// The squares of these floats differ by less than their rounding: one pass would lose them.
TEST(BatchNorm, VarianceSurvivesALargeMean) {
  ReferenceRun run("batch_norm_train", Pack(BatchNormAttrs{1e-5}));
  run.In<float>({4, 1}, {4095999, 4096000, 4096001, 4096000}).In<float>({1}, {1});
  ASSERT_EQ(run.In<float>({1}, {0}).Run().ToString(), "ok");
  EXPECT_THAT(run.Out<float>(1), ElementsAre(4096000));
  EXPECT_THAT(run.Out<float>(2), ElementsAre(FloatEq(2.0f / 3.0f)));
}

TEST(BatchNorm, YMayTakeTheBufferOfX) {
  const std::vector<double> x = {1, 2, 3, 5, 8, 13};
  ReferenceRun apart("batch_norm_train", Pack(BatchNormAttrs{}));
  ReferenceRun shared("batch_norm_train", Pack(BatchNormAttrs{}));
  for (ReferenceRun* run : {&apart, &shared}) {
    run->In<double>({3, 2}, x).In<double>({2}, {2, 3}).In<double>({2}, {1, -1});
  }
  ASSERT_EQ(apart.Run().ToString(), "ok");
  ASSERT_EQ(shared.Alias(0, 0).Run().ToString(), "ok");
  EXPECT_EQ(shared.Out<double>(0), apart.Out<double>(0));
}

TEST(BatchNormInferGrad, KernelsAgreeOnManyRows) {
  const TensorType x = {DType::kFloat32, {2, 50, 50, 2}}, vector = {DType::kFloat32, {2}};
  GuardedTensor var = MakeInput(vector, 4);
  for (int64_t c = 0; c < 2; ++c) var.Set(c, 1.5 + var.At(c));
  ExpectKernelsAgree(
      "batch_norm_infer_grad", Pack(BatchNormAttrs{}),
      {MakeInput(x, 1), MakeInput(vector, 2), MakeInput(vector, 3), var, MakeInput(x, 5)}, 1e-5);
}

}  // namespace
}  // namespace lockstep::ops
