// SPDX-License-Identifier: Apache-2.0
#include "ops/loss/mse/mse.h"

#include <gtest/gtest.h>

#include "ops/core/testing/reference_run.h"

namespace lockstep::ops {
namespace {

TEST(Mse, IsTheSumOfSquares) {
  ReferenceRun run("mse");
  ASSERT_EQ(run.In<float>({2}, {1, 4}).In<float>({2}, {0, 6}).Run().ToString(), "ok");
  EXPECT_EQ(run.Out<double>(0)[0], 5.0);
  EXPECT_EQ(run.Out<double>(1)[0], 2.0);
}

}  // namespace
}  // namespace lockstep::ops
