// SPDX-License-Identifier: Apache-2.0
#include "base/spread.h"

#include <gtest/gtest.h>

namespace lockstep {
namespace {

TEST(SpreadTest, TheMedianIsTheMiddleOneOrTheMeanOfTheMiddleTwo) {
  EXPECT_EQ(SpreadOf({5}).median, 5);
  EXPECT_EQ(SpreadOf({9, 1, 4}).median, 4);
  EXPECT_EQ(SpreadOf({9, 1, 4, 6}).median, 5);
}

TEST(SpreadTest, TheEndsAreTheLeastAndTheMost) {
  const Spread spread = SpreadOf({3, -2, 8, 7});
  EXPECT_EQ(spread.min, -2);
  EXPECT_EQ(spread.max, 8);
}

TEST(SpreadTest, QuartilesLieBetweenValuesInProportion) {
  EXPECT_EQ(SpreadOf({7}).lower, 7);
  EXPECT_EQ(SpreadOf({7}).upper, 7);
  EXPECT_EQ(SpreadOf({5, 1, 3, 2, 4}).lower, 2);
  EXPECT_EQ(SpreadOf({5, 1, 3, 2, 4}).upper, 4);
  EXPECT_DOUBLE_EQ(SpreadOf({1, 2, 3, 4}).lower, 1.75);  // numpy.quantile([1, 2, 3, 4], 0.25)
  EXPECT_DOUBLE_EQ(SpreadOf({1, 2, 3, 4}).upper, 3.25);
}

}  // namespace
}  // namespace lockstep
