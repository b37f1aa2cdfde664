// SPDX-License-Identifier: Apache-2.0
#include "ops/optim/adam/adam.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ops/core/testing/reference_run.h"

namespace lockstep::ops {
namespace {

ReferenceRun MakeRun(const AdamAttrs& attrs) {
  ReferenceRun run("adam", Pack(attrs));
  run.In<double>({2}, {1, -2}).In<double>({2}, {4, -8});                    // param, grad
  run.In<double>({2}, {0, 0}).In<double>({2}, {0, 0});                      // m, v
  run.In<double>({}, {0.01}).In<double>({}, {0.5});                         // lr, grad_scale
  run.In<double>({}, {1 - attrs.beta1}).In<double>({}, {1 - attrs.beta2});  // bias of step 1
  return run;
}

// With the corrections of step 1 and no history, m' / bias1 = g and v' / bias2 = g^2.
TEST(Adam, TheFirstStepMovesEachParameterByTheLearningRate) {
  ReferenceRun run = MakeRun({.eps = 0.0});
  ASSERT_EQ(run.Run().ToString(), "ok");
  EXPECT_NEAR(run.Out<double>(0)[0], 0.99, 1e-15);
  EXPECT_NEAR(run.Out<double>(0)[1], -1.99, 1e-15);
  EXPECT_NEAR(run.Out<double>(1)[1], 0.1 * -4, 1e-15);
  EXPECT_NEAR(run.Out<double>(2)[1], 0.001 * 16, 1e-15);
}

TEST(Adam, UpdatesInPlace) {
  ReferenceRun apart = MakeRun({.weight_decay = 0.1}), shared = MakeRun({.weight_decay = 0.1});
  ASSERT_EQ(apart.Run().ToString(), "ok");
  ASSERT_EQ(shared.Alias(0, 0).Alias(2, 1).Alias(3, 2).Run().ToString(), "ok");
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(shared.Out<double>(i), apart.Out<double>(i));
}

}  // namespace
}  // namespace lockstep::ops
