// SPDX-License-Identifier: Apache-2.0
#include "ops/optim/sgd/sgd.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ops/core/testing/reference_run.h"

namespace lockstep::ops {
namespace {

using testing::ElementsAre;

ReferenceRun MakeRun(const SgdAttrs& attrs) {
  ReferenceRun run("sgd", Pack(attrs));
  run.In<double>({2}, {1, -2}).In<double>({2}, {4, 8}).In<double>({2}, {16, 32});
  run.In<double>({}, {0.5}).In<double>({}, {0.25});  // lr, grad_scale
  return run;
}

// All numbers are exact: g = grad / 4 + param / 8, v = velocity / 2 + g.
TEST(Sgd, ScalesTheGradientBeforeItAddsTheDecay) {
  ReferenceRun run = MakeRun({.momentum = 0.5, .weight_decay = 0.125});
  ASSERT_EQ(run.Run().ToString(), "ok");
  EXPECT_THAT(run.Out<double>(1), ElementsAre(9.125, 17.75));
  EXPECT_THAT(run.Out<double>(0), ElementsAre(1 - 0.5 * 9.125, -2 - 0.5 * 17.75));
}

TEST(Sgd, NesterovLooksAhead) {
  ReferenceRun run = MakeRun({.momentum = 0.5, .weight_decay = 0.125, .nesterov = true});
  ASSERT_EQ(run.Run().ToString(), "ok");
  EXPECT_THAT(run.Out<double>(1), ElementsAre(9.125, 17.75));
  EXPECT_THAT(run.Out<double>(0),
              ElementsAre(1 - 0.5 * (1.125 + 0.5 * 9.125), -2 - 0.5 * (1.75 + 0.5 * 17.75)));
}

TEST(Sgd, UpdatesInPlace) {
  ReferenceRun apart = MakeRun({}), shared = MakeRun({});
  ASSERT_EQ(apart.Run().ToString(), "ok");
  ASSERT_EQ(shared.Alias(0, 0).Alias(2, 1).Run().ToString(), "ok");
  EXPECT_EQ(shared.Out<double>(0), apart.Out<double>(0));
  EXPECT_EQ(shared.Out<double>(1), apart.Out<double>(1));
}

}  // namespace
}  // namespace lockstep::ops
