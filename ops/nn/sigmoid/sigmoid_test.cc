// SPDX-License-Identifier: Apache-2.0
#include "ops/nn/sigmoid/sigmoid.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "ops/core/testing/reference_run.h"

namespace lockstep::ops {
namespace {

TEST(Sigmoid, IsBoundedFarFromZeroAndNaNStaysNaN) {
  ReferenceRun run("sigmoid");
  ASSERT_EQ(run.In<float>({4}, {-1e30f, 0, 1e30f, NAN}).Run().ToString(), "ok");
  const std::vector<float> y = run.Out<float>(0);
  EXPECT_EQ(y[0], 0.0f);
  EXPECT_EQ(y[1], 0.5f);
  EXPECT_EQ(y[2], 1.0f);
  EXPECT_TRUE(std::isnan(y[3]));
}

}  // namespace
}  // namespace lockstep::ops
