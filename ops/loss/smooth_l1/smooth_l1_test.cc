// SPDX-License-Identifier: Apache-2.0
#include "ops/loss/smooth_l1/smooth_l1.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ops/core/testing/reference_run.h"

namespace lockstep::ops {
namespace {

using ::testing::ElementsAre;

TEST(SmoothL1, IsQuadraticBelowBetaAndLinearAbove) {
  const Attrs attrs = Pack(smooth_l1::SmoothL1Options{2.0});
  ReferenceRun run("smooth_l1", attrs);
  ASSERT_EQ(run.In<double>({2}, {1, -5}).In<double>({2}, {0, 0}).Run().ToString(), "ok");
  EXPECT_EQ(run.Out<double>(0)[0], 0.25 + 4.0);
  ReferenceRun grad("smooth_l1_grad", attrs);
  grad.In<float>({3}, {1, -5, 0}).In<float>({3}, {0, 0, 0}).In<double>({}, {3.0});
  ASSERT_EQ(grad.Run().ToString(), "ok");
  EXPECT_THAT(grad.Out<float>(0), ElementsAre(1.5, -3, 0));
}

TEST(SmoothL1, OfBetaZeroIsL1) {
  ReferenceRun grad("smooth_l1_grad", Pack(smooth_l1::SmoothL1Options{0.0}));
  grad.In<float>({3}, {1, -5, 0}).In<float>({3}, {0, 0, 0}).In<double>({}, {1.0});
  ASSERT_EQ(grad.Run().ToString(), "ok");
  EXPECT_THAT(grad.Out<float>(0), ElementsAre(1, -1, 0));
}

}  // namespace
}  // namespace lockstep::ops
