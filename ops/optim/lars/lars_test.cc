// SPDX-License-Identifier: Apache-2.0
#include "ops/optim/lars/lars.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ops/core/registry.h"
#include "ops/core/testing/reference_run.h"

namespace lockstep::ops {
namespace {

using ::testing::ElementsAre;

ReferenceRun MakeRun(const LarsAttrs& attrs, double param_norm, double grad_norm) {
  ReferenceRun run("lars", Pack(attrs));
  run.In<double>({1}, {16}).In<double>({1}, {4}).In<double>({1}, {8});  // param, grad, velocity
  run.In<double>({}, {0.5}).In<double>({}, {0.5});                      // lr, grad_scale
  run.In<double>({}, {param_norm}).In<double>({}, {grad_norm});
  return run;
}

TEST(Lars, TheStepIsScaledByTheNormsOfTheWholeParameter) {
  ReferenceRun run =
      MakeRun({.momentum = 0.5, .weight_decay = 0.25, .trust_coefficient = 2, .eps = 1}, 32, 7);
  ASSERT_EQ(run.Run().ToString(), "ok");
  const double trust = 2.0 * 32 / (7 + 0.25 * 32 + 1);
  EXPECT_THAT(run.Out<double>(1), ElementsAre(4 + trust * (2 + 4)));
  EXPECT_THAT(run.Out<double>(0), ElementsAre(16 - 0.5 * (4 + trust * 6)));
}

TEST(Lars, WithoutDecayOrWhereANormIsZeroItIsSgd) {
  for (const bool decays : {false, true}) {
    const LarsAttrs attrs{.momentum = 0.5, .weight_decay = decays ? 0.25 : 0.0};
    for (const auto& [param, grad] : {std::pair(0.0, 7.0), {32.0, 0.0}, {32.0, 7.0}}) {
      if (decays && param > 0 && grad > 0) continue;
      ReferenceRun run = MakeRun(attrs, param, grad);
      ASSERT_EQ(run.Run().ToString(), "ok");
      EXPECT_THAT(run.Out<double>(1), ElementsAre(decays ? 10 : 6)) << param << " " << grad;
    }
  }
}

TEST(Lars, AlwaysAdaptScalesAlsoWithoutDecay) {
  ReferenceRun run =
      MakeRun({.momentum = 0, .trust_coefficient = 1, .eps = 0, .always_adapt = true}, 32, 8);
  ASSERT_EQ(run.Run().ToString(), "ok");
  EXPECT_THAT(run.Out<double>(1), ElementsAre(4 * 2));
}

TEST(Lars, MeasuresTheParameterAndTheScaledGradient) {
  ReferenceRun run("lars_measure", Pack(LarsAttrs{}));
  run.In<double>({2}, {3, 4}).In<double>({2}, {1, -2}).In<double>({2}, {9, 9});
  run.In<double>({}, {0.5}).In<double>({}, {2});
  ASSERT_EQ(run.Run().ToString(), "ok");
  EXPECT_THAT(run.Out<double>(0), ElementsAre(25, 20));
}

TEST(Lars, IsAnOptimizerThatReadsTwoNorms) {
  const auto found = OpRegistry::Global().FindOptimizer("lars");
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_THAT((*found)->slots, ElementsAre("momentum_buffer"));
  EXPECT_THAT((*found)->norms, ElementsAre("param_norm", "grad_norm"));
  EXPECT_EQ((*found)->measure, "lars_measure");
}

}  // namespace
}  // namespace lockstep::ops
