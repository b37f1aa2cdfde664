// SPDX-License-Identifier: Apache-2.0
#include "ops/optim/adagrad/adagrad.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ops/core/registry.h"
#include "ops/core/testing/reference_run.h"

namespace lockstep::ops {
namespace {

using ::testing::ElementsAre;

TEST(Adagrad, TheRootOfAllSquaresSoFarDividesTheStep) {
  ReferenceRun run("adagrad", Pack(AdagradAttrs{.initial_accumulator_value = 5, .eps = 1}));
  run.In<double>({2}, {1, -2}).In<double>({2}, {8, -16}).In<double>({2}, {4, 0});  // sum
  run.In<double>({}, {3}).In<double>({}, {0.5});                                   // lr, grad_scale
  run.In<double>({}, {2});                                                         // slowing
  ASSERT_EQ(run.Run().ToString(), "ok");
  EXPECT_THAT(run.Out<double>(1), ElementsAre(4 + 16, 64));
  EXPECT_DOUBLE_EQ(run.Out<double>(0)[0], 1 - 1.5 * 4 / (5 + 1));
}

TEST(Adagrad, SlowsDownByTheUpdate) {
  const auto found = OpRegistry::Global().FindOptimizer("adagrad");
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_THAT((*found)->slots, ElementsAre("sum"));
  const Attrs options = Pack(AdagradAttrs{.lr_decay = 0.5});
  ASSERT_EQ((*found)->scalars.size(), 1u);
  EXPECT_EQ((*found)->scalars[0].value(options, 1), 1.0);
  EXPECT_EQ((*found)->scalars[0].value(options, 4), 2.5);
}

}  // namespace
}  // namespace lockstep::ops
