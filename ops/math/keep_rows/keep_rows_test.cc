// SPDX-License-Identifier: Apache-2.0
#include "ops/math/keep_rows/keep_rows.h"

#include <gtest/gtest.h>

#include <cmath>

#include "ops/core/testing/reference_run.h"

namespace lockstep::ops {
namespace {

TEST(KeepRows, ARowThatSaysNothingIsZeroWhateverItHolds) {
  ReferenceRun run("keep_rows");
  run.In<float>({3, 2}, {1, 2, NAN, INFINITY, 5, 6}).In<int32_t>({3}, {2, 0, 1});
  ASSERT_EQ(run.Run().ToString(), "ok");
  EXPECT_EQ(run.Out<float>(0), (std::vector<float>{1, 2, 0, 0, 5, 6}));
}

TEST(KeepRows, CountsOfOtherRowsAreRefused) {
  ReferenceRun run("keep_rows");
  EXPECT_FALSE(run.In<float>({2, 1}, {1, 2}).In<int32_t>({3}, {1, 1, 1}).Run().ok());
}

}  // namespace
}  // namespace lockstep::ops
