// SPDX-License-Identifier: Apache-2.0
#include "ops/optim/lion/lion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ops/core/registry.h"
#include "ops/core/testing/reference_run.h"

namespace lockstep::ops {
namespace {

using ::testing::ElementsAre;

TEST(Lion, EveryStepIsAsLongAsTheRateAndNoStepWhereTheDirectionIsZero) {
  ReferenceRun run("lion", Pack(LionAttrs{.beta1 = 0.5, .beta2 = 0.75}));
  run.In<double>({3}, {1, 1, 1}).In<double>({3}, {8, -4e9, -2}).In<double>({3}, {0, 0, 1});
  run.In<double>({}, {0.25}).In<double>({}, {0.5});  // lr, grad_scale
  ASSERT_EQ(run.Run().ToString(), "ok");
  EXPECT_THAT(run.Out<double>(0), ElementsAre(0.75, 1.25, 1));
  EXPECT_THAT(run.Out<double>(1), ElementsAre(0.25 * 4, -0.25 * 2e9, 0.75 - 0.25));
}

TEST(Lion, DecayTakesAwayAShareOfTheWeight) {
  ReferenceRun run("lion", Pack(LionAttrs{.weight_decay = 0.5}));
  run.In<double>({1}, {8}).In<double>({1}, {-1}).In<double>({1}, {0});
  run.In<double>({}, {0.25}).In<double>({}, {1});
  ASSERT_EQ(run.Run().ToString(), "ok");
  EXPECT_THAT(run.Out<double>(0), ElementsAre(8 * (1 - 0.125) + 0.25));
}

TEST(Lion, HasOneSlotAndNoScalars) {
  const auto found = OpRegistry::Global().FindOptimizer("lion");
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_THAT((*found)->slots, ElementsAre("exp_avg"));
  EXPECT_TRUE((*found)->scalars.empty());
  EXPECT_TRUE((*found)->needs_lr);
}

}  // namespace
}  // namespace lockstep::ops
