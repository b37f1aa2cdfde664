// SPDX-License-Identifier: Apache-2.0
#include "ops/loss/l1/l1.h"

#include <gtest/gtest.h>

#include <cmath>

#include "ops/core/testing/reference_run.h"

namespace lockstep::ops {
namespace {

TEST(L1, IsTheSumOfAbsoluteDifferences) {
  ReferenceRun run("l1");
  ASSERT_EQ(run.In<float>({3}, {1, 4, 2}).In<float>({3}, {0, 6, 2}).Run().ToString(), "ok");
  EXPECT_EQ(run.Out<double>(0)[0], 3.0);
  EXPECT_EQ(run.Out<double>(1)[0], 3.0);
}

TEST(L1, HasNoSlopeWhereItIsRightAndKeepsNaN) {
  ReferenceRun run("l1_grad");
  run.In<float>({4}, {1, 4, 2, NAN}).In<float>({4}, {0, 6, 2, 0}).In<double>({}, {0.5});
  ASSERT_EQ(run.Run().ToString(), "ok");
  const std::vector<float> dx = run.Out<float>(0);
  EXPECT_EQ(dx[0], 0.5f);
  EXPECT_EQ(dx[1], -0.5f);
  EXPECT_EQ(dx[2], 0.0f);
  EXPECT_TRUE(std::isnan(dx[3]));
}

}  // namespace
}  // namespace lockstep::ops
