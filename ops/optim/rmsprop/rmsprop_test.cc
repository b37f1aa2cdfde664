// SPDX-License-Identifier: Apache-2.0
#include "ops/optim/rmsprop/rmsprop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ops/core/registry.h"
#include "ops/core/testing/reference_run.h"

namespace lockstep::ops {
namespace {

using ::testing::ElementsAre;

// Without history the mean is (1 - alpha) g^2, so the step is 1 / sqrt(1 - alpha) of the rate.
TEST(Rmsprop, TheFirstStepIsTheSameForSmallAndLargeGradients) {
  ReferenceRun run("rmsprop", Pack(RmspropAttrs{.alpha = 0.75, .eps = 1e-30}));
  run.In<double>({2}, {1, -2}).In<double>({2}, {4, -8000}).In<double>({2}, {0, 0});
  run.In<double>({}, {0.5}).In<double>({}, {0.25});  // lr, grad_scale
  ASSERT_EQ(run.Run().ToString(), "ok");
  EXPECT_THAT(run.Out<double>(0), ElementsAre(1 - 0.5 * 2, -2 + 0.5 * 2));
  EXPECT_THAT(run.Out<double>(1), ElementsAre(0.25 * 1, 0.25 * 2000 * 2000));
}

TEST(Rmsprop, AVarianceBelowZeroCountsAsZero) {
  ReferenceRun run("rmsprop", Pack(RmspropAttrs{.alpha = 0.5, .eps = 2, .centered = true}));
  run.In<double>({1}, {10}).In<double>({1}, {4}).In<double>({1}, {0}).In<double>({1}, {100});
  run.In<double>({}, {1}).In<double>({}, {1});
  ASSERT_EQ(run.Run().ToString(), "ok");
  EXPECT_THAT(run.Out<double>(0), ElementsAre(10 - 4.0 / 2));
  EXPECT_THAT(run.Out<double>(2), ElementsAre(52));
}

TEST(Rmsprop, KeepsTheSlotsThatItsOptionsNeed) {
  const auto found = OpRegistry::Global().FindOptimizer("rmsprop");
  ASSERT_TRUE(found.ok()) << found.status();
  const auto slots = [&](double momentum, bool centered) {
    return (*found)->SlotsFor(Pack(RmspropAttrs{.momentum = momentum, .centered = centered}));
  };
  EXPECT_THAT(slots(0, false), ElementsAre("square_avg"));
  EXPECT_THAT(slots(0.9, false), ElementsAre("square_avg", "momentum_buffer"));
  EXPECT_THAT(slots(0, true), ElementsAre("square_avg", "grad_avg"));
  EXPECT_THAT(slots(0.9, true), ElementsAre("square_avg", "momentum_buffer", "grad_avg"));
}

}  // namespace
}  // namespace lockstep::ops
