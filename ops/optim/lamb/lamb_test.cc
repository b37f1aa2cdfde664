// SPDX-License-Identifier: Apache-2.0
#include "ops/optim/lamb/lamb.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ops/core/registry.h"
#include "ops/core/testing/reference_run.h"

namespace lockstep::ops {
namespace {

using ::testing::ElementsAre;

// With the corrections of step 1 and no history the step of an element is the sign of its gradient,
// but for eps, plus the decay.
ReferenceRun MakeRun(const std::string& op, const LambAttrs& attrs) {
  ReferenceRun run(op, Pack(attrs));
  run.In<double>({2}, {16, -2}).In<double>({2}, {4, -8});  // param, grad
  run.In<double>({2}, {0, 0}).In<double>({2}, {0, 0});     // m, v
  run.In<double>({}, {0.5}).In<double>({}, {0.25});        // lr, grad_scale
  run.In<double>({}, {0.5}).In<double>({}, {0.25});        // bias of step 1
  return run;
}

constexpr LambAttrs kAttrs = {.beta1 = 0.5, .beta2 = 0.75, .eps = 1e-30, .weight_decay = 0.25};

TEST(Lamb, TheStepIsAsLongAsTheParameterTimesTheRate) {
  ReferenceRun run = MakeRun("lamb", kAttrs);
  run.In<double>({}, {12}).In<double>({}, {3});  // norms of the parameter and of the step
  ASSERT_EQ(run.Run().ToString(), "ok");
  EXPECT_THAT(run.Out<double>(0), ElementsAre(16 - 0.5 * 4 * (1 + 4), -2 - 0.5 * 4 * (-1 - 0.5)));
  EXPECT_THAT(run.Out<double>(1), ElementsAre(0.5, -1));
  EXPECT_THAT(run.Out<double>(2), ElementsAre(0.25, 1));
}

TEST(Lamb, IsAdamWithDecayWhereANormIsZeroOrNothingDecays) {
  for (const auto& [param, step] : {std::pair(0.0, 3.0), {12.0, 0.0}}) {
    ReferenceRun run = MakeRun("lamb", kAttrs);
    run.In<double>({}, {param}).In<double>({}, {step});
    ASSERT_EQ(run.Run().ToString(), "ok");
    EXPECT_THAT(run.Out<double>(0), ElementsAre(16 - 0.5 * 5, -2 + 0.5 * 1.5));
  }
  LambAttrs none = kAttrs;
  none.weight_decay = 0;
  for (const bool always : {false, true}) {
    none.always_adapt = always;
    ReferenceRun run = MakeRun("lamb", none);
    run.In<double>({}, {12}).In<double>({}, {3});
    ASSERT_EQ(run.Run().ToString(), "ok");
    EXPECT_THAT(run.Out<double>(0), ElementsAre(16 - (always ? 2 : 0.5), -2 + (always ? 2 : 0.5)));
  }
}

TEST(Lamb, MeasuresTheParameterAndItsStep) {
  ReferenceRun run = MakeRun("lamb_measure", kAttrs);
  ASSERT_EQ(run.Run().ToString(), "ok");
  EXPECT_THAT(run.Out<double>(0), ElementsAre(260, 25 + 2.25));
}

TEST(Lamb, IsAnOptimizerThatReadsTwoNorms) {
  const auto found = OpRegistry::Global().FindOptimizer("lamb");
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_THAT((*found)->slots, ElementsAre("exp_avg", "exp_avg_sq"));
  EXPECT_THAT((*found)->norms, ElementsAre("param_norm", "step_norm"));
  EXPECT_EQ((*found)->measure, "lamb_measure");
}

}  // namespace
}  // namespace lockstep::ops
