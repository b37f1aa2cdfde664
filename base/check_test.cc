// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"

#include <gtest/gtest.h>

namespace lockstep {
namespace {

TEST(CheckTest, WhatHoldsPassesAndEachSideIsEvaluatedOnce) {
  int evaluated = 0;
  CHECK(++evaluated == 1) << "never";
  CHECK_EQ(++evaluated, 2);
  CHECK_NE(evaluated, 3);
  CHECK_LT(1, 2);
  CHECK_LE(2, 2);
  CHECK_GT(2, 1);
  CHECK_GE(2, 2);
  EXPECT_EQ(evaluated, 2);
}

TEST(CheckTest, MayStandInABranchWithoutBraces) {
  bool other = false;
  if (other)
    CHECK(false);
  else
    other = true;
  EXPECT_TRUE(other);
}

TEST(CheckDeathTest, PrintsPlaceConditionAndText) {
  EXPECT_DEATH(CHECK(1 > 2) << "lane " << 3, "check_test.cc:[0-9]+: check failed: 1 > 2 lane 3");
}

TEST(CheckDeathTest, PrintsBothValues) {
  const int rows = 3;
  EXPECT_DEATH(CHECK_EQ(rows, 4) << "rows", "rows == 4 \\(3 vs 4\\) rows");
  EXPECT_DEATH(CHECK_NE(rows, 3), "3 vs 3");
  EXPECT_DEATH(CHECK_LT(rows, 3), "rows < 3");
  EXPECT_DEATH(CHECK_LE(rows, 2), "rows <= 2");
  EXPECT_DEATH(CHECK_GT(rows, 3), "rows > 3");
  EXPECT_DEATH(CHECK_GE(rows, 4), "rows >= 4");
}

}  // namespace
}  // namespace lockstep
