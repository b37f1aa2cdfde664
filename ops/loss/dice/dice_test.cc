// SPDX-License-Identifier: Apache-2.0
#include "ops/loss/dice/dice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "ops/core/testing/kernels_agree.h"
#include "ops/core/testing/reference_run.h"

namespace lockstep::ops {
namespace {

// The loss of one image of a row of pixels of two classes.
double LossOf(const DiceAttrs& attrs, const std::vector<float>& logits,
              const std::vector<int32_t>& mask) {
  const auto pixels = static_cast<int64_t>(mask.size());
  ReferenceRun run("dice", Pack(attrs));
  run.In<float>({1, 1, pixels, 2}, logits).In<int32_t>({1, 1, pixels}, mask);
  EXPECT_EQ(run.Run().ToString(), "ok");
  EXPECT_EQ(run.Out<double>(1)[0], 1.0);
  return run.Out<double>(0)[0];
}

// Four pixels of which three are of class 1: 1 - (2/4 + 4/6) / 2, worked out by hand.
TEST(Dice, OfUniformProbabilitiesIsAsByHand) {
  EXPECT_NEAR(LossOf({}, std::vector<float>(8), {0, 1, 1, 1}), 0.4166667, 1e-7);
}

TEST(Dice, OfAPerfectMaskIsZeroAndOfAWrongOneNearOne) {
  EXPECT_EQ(LossOf({}, {1e4f, 0, 0, 1e4f}, {0, 1}), 0.0);
  EXPECT_NEAR(LossOf({.smooth = 1e-7}, {0, 1e4f, 1e4f, 0}, {0, 1}), 1.0, 1e-6);
}

TEST(Dice, PixelsToIgnoreTakeNoPart) {
  EXPECT_EQ(LossOf({}, {1e4f, 0, 0, 1e4f, 3, 4}, {0, 1, 255}), 0.0);
}

TEST(Dice, AValueThatIsNoClassShowsAsNaN) {
  EXPECT_TRUE(std::isnan(LossOf({}, {0, 0, 0, 0}, {0, 2})));
}

TEST(Dice, LeavesTheBackgroundOutWhereToldTo) {
  // Of class 1 one pixel is found and one of class 0 is taken for it: 2 / (2 + 1).
  EXPECT_EQ(LossOf({.first_class = 1}, {1e4f, 0, 0, 1e4f}, {0, 1}), 0.0);
  EXPECT_NEAR(LossOf({.smooth = 1e-9, .first_class = 1}, {0, 1e4f, 0, 1e4f}, {0, 1}), 1.0 / 3,
              1e-8);
  ReferenceRun one("dice", Pack(DiceAttrs{.first_class = 1}));
  EXPECT_EQ(one.In<float>({1, 1, 1, 1}, {0}).In<int32_t>({1, 1, 1}, {0}).Run().code(),
            StatusCode::kInvalidArgument);
}

TEST(Dice, KernelsAgreeOnManyPixels) {
  for (const bool squared : {false, true}) {
    const Attrs attrs = Pack(DiceAttrs{.ignore = 3, .squared = squared});
    const TensorType logits = {DType::kFloat32, {2, 30, 30, 3}};
    const GuardedTensor mask = MakeInput({DType::kInt32, {2, 30, 30}}, 2, /*below=*/4);
    ExpectKernelsAgree("dice", attrs, {MakeInput(logits, 1), mask}, 1e-6);
    GuardedTensor sums = MakeInput({DType::kFloat64, {2, 3, 3}}, 3);
    for (int64_t i = 0; i < sums.elements(); ++i) sums.Set(i, 2.0 + sums.At(i));
    ExpectKernelsAgree("dice_grad", attrs,
                       {MakeInput(logits, 1), mask, sums, MakeInput({DType::kFloat64, {}}, 4)},
                       1e-6);
  }
}

}  // namespace
}  // namespace lockstep::ops
