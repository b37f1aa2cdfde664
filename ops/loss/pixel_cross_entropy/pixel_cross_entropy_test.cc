// SPDX-License-Identifier: Apache-2.0
#include "ops/loss/pixel_cross_entropy/pixel_cross_entropy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "ops/core/mask_target.h"
#include "ops/core/testing/reference_run.h"

namespace lockstep::ops {
namespace {

using ::testing::HasSubstr;

struct Loss {
  double numerator = 0.0, denominator = 0.0;
};

// A row of pixels of two classes.
Loss LossOf(const PixelCrossEntropyAttrs& attrs, const std::vector<float>& logits,
            const std::vector<int32_t>& mask) {
  const auto pixels = static_cast<int64_t>(mask.size());
  ReferenceRun run("pixel_cross_entropy", Pack(attrs));
  run.In<float>({1, 1, pixels, 2}, logits).In<int32_t>({1, 1, pixels}, mask);
  EXPECT_EQ(run.Run().ToString(), "ok");
  return {run.Out<double>(0)[0], run.Out<double>(1)[0]};
}

TEST(PixelCrossEntropy, LeavesOutPixelsToIgnoreOfBothWidths) {
  const Loss loss = LossOf({}, {0, 0, 9, 1, 5, 5, 0, 0}, {0, 255, 65535, 1});
  EXPECT_NEAR(loss.numerator, 2 * std::log(2.0), 1e-15);
  EXPECT_EQ(loss.denominator, 2.0);
}

TEST(PixelCrossEntropy, OfPixelsThatAreAllToBeIgnoredIsNothing) {
  const Loss loss = LossOf({}, {1, 2, 3, 4}, {255, 255});
  EXPECT_EQ(loss.numerator, 0.0);
  EXPECT_EQ(loss.denominator, 0.0);
}

TEST(PixelCrossEntropy, AValueThatIsNoClassShowsAsNaN) {
  EXPECT_TRUE(std::isnan(LossOf({}, {0, 0, 0, 0}, {0, 2}).numerator));
  EXPECT_TRUE(std::isnan(LossOf({}, {0, 0, 0, 0}, {0, -1}).numerator));
  ReferenceRun grad("pixel_cross_entropy_grad", Pack(PixelCrossEntropyAttrs{}));
  grad.In<float>({1, 1, 2, 2}, {0.5, 0.5, 0.5, 0.5}).In<int32_t>({1, 1, 2}, {7, 255});
  ASSERT_EQ(grad.In<double>({}, {1.0}).Run().ToString(), "ok");
  EXPECT_TRUE(std::isnan(grad.Out<float>(0)[0]));
  EXPECT_EQ(grad.Out<float>(0)[2], 0.0f);
}

// Numbers of Lin et al., 2017, and of a uniform pixel at gamma 2, alpha 0.25.
TEST(PixelCrossEntropy, FocalCountsWhatIsNearlyRightLess) {
  const float easy = static_cast<float>(std::log(9.0));  // p = 0.9
  EXPECT_NEAR(LossOf({.gamma = 2.0}, {easy, 0}, {0}).numerator, 0.00105361, 1e-8);
  EXPECT_NEAR(LossOf({.gamma = 2.0}, {easy, 0}, {1}).numerator, 1.865094, 1e-6);
  const Loss uniform = LossOf({.gamma = 2.0, .alpha = 0.25}, {0, 0, 0, 0}, {1, 255});
  EXPECT_NEAR(uniform.numerator / uniform.denominator, 0.0433217, 1e-7);
}

TEST(PixelCrossEntropy, LogitsOfAnySizeGiveAFiniteLoss) {
  EXPECT_EQ(LossOf({}, {1e30f, 0}, {0}).numerator, 0.0);
  EXPECT_NEAR(LossOf({}, {1e4f, 0}, {1}).numerator, 1e4, 1e-9);
  EXPECT_EQ(LossOf({.gamma = 2.0}, {1e30f, 0}, {0}).numerator, 0.0);
}

TEST(PixelCrossEntropy, WeightsForAnotherNumberOfClassesAreRefused) {
  ReferenceRun run("pixel_cross_entropy", Pack(PixelCrossEntropyAttrs{.class_weights = {1, 2, 3}}));
  const Status refused = run.In<float>({1, 1, 1, 2}, {0, 0}).In<int32_t>({1, 1, 1}, {0}).Run();
  EXPECT_THAT(refused.message(), HasSubstr("loss.class_weights has 3 numbers"));
  EXPECT_THAT(refused.message(), HasSubstr("2 classes"));
}

TEST(MaskTarget, MasksOf16BitsAreForMoreClassesThan8BitsTellApart) {
  EXPECT_EQ(IgnoreFor(255), 255);
  EXPECT_EQ(IgnoreFor(256), 65535);
}

}  // namespace
}  // namespace lockstep::ops
