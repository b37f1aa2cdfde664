// SPDX-License-Identifier: Apache-2.0
#include "ops/optim/adamw/adamw.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ops/core/registry.h"
#include "ops/core/testing/reference_run.h"

namespace lockstep::ops {
namespace {

ReferenceRun MakeRun(const std::string& op, const Attrs& attrs, double weight) {
  ReferenceRun run(op, attrs);
  run.In<double>({2}, {weight, -2}).In<double>({2}, {4, -8});  // param, grad
  run.In<double>({2}, {0, 0}).In<double>({2}, {0, 0});         // m, v
  run.In<double>({}, {0.01}).In<double>({}, {0.5});            // lr, grad_scale
  run.In<double>({}, {0.1}).In<double>({}, {0.001});           // bias of step 1
  return run;
}

// With the corrections of step 1 and no history, m' / bias1 = g and v' / bias2 = g^2.
TEST(Adamw, TheFirstStepShrinksAWeightAndThenMovesItByTheLearningRate) {
  ReferenceRun run = MakeRun("adamw", Pack(AdamwAttrs{.eps = 0.0, .weight_decay = 0.25}), 1);
  ASSERT_EQ(run.Run().ToString(), "ok");
  EXPECT_NEAR(run.Out<double>(0)[0], 1 * (1 - 0.01 * 0.25) - 0.01, 1e-15);
  EXPECT_NEAR(run.Out<double>(0)[1], -2 * (1 - 0.01 * 0.25) + 0.01, 1e-15);
}

TEST(Adamw, TheMomentsAreThoseOfTheGradientAlone) {
  ReferenceRun small = MakeRun("adamw", Pack(AdamwAttrs{.weight_decay = 0.5}), 1);
  ReferenceRun large = MakeRun("adamw", Pack(AdamwAttrs{.weight_decay = 0.5}), 1000);
  ASSERT_EQ(small.Run().ToString(), "ok");
  ASSERT_EQ(large.Run().ToString(), "ok");
  for (size_t i = 1; i < 3; ++i) EXPECT_EQ(small.Out<double>(i), large.Out<double>(i));
}

TEST(Adamw, WithoutDecayItIsAdam) {
  ReferenceRun adam =
      MakeRun("adam", {{"beta1", 0.9}, {"beta2", 0.999}, {"eps", 1e-8}, {"weight_decay", 0.0}}, 1);
  ReferenceRun adamw = MakeRun("adamw", Pack(AdamwAttrs{.weight_decay = 0.0}), 1);
  ASSERT_EQ(adam.Run().ToString(), "ok");
  ASSERT_EQ(adamw.Run().ToString(), "ok");
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(adam.Out<double>(i), adamw.Out<double>(i));
}

TEST(Adamw, IsAnOptimizerWithPyTorchsSlotsAndDefaultDecay) {
  const auto found = OpRegistry::Global().FindOptimizer("adamw");
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ((*found)->slots, (std::vector<std::string>{"exp_avg", "exp_avg_sq"}));
  EXPECT_EQ((*found)->options.Find("weight_decay")->default_value, AttrValue(0.01));
  EXPECT_TRUE((*found)->needs_lr);
  const Attrs options = Pack(AdamwAttrs{});
  ASSERT_EQ((*found)->scalars.size(), 2u);
  EXPECT_NEAR((*found)->scalars[0].value(options, 1), 0.1, 1e-15);
  EXPECT_NEAR((*found)->scalars[1].value(options, 2), 1 - 0.999 * 0.999, 1e-15);
}

}  // namespace
}  // namespace lockstep::ops
