// SPDX-License-Identifier: Apache-2.0
#include "cluster/scaling/least_squares.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep::cluster {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;

auto Is(double value) { return DoubleNear(value, 1e-9); }

TEST(LeastSquaresTest, ExactValuesGiveTheirConstants) {
  EXPECT_THAT(FitNonNegative({{1, 1}, {2, 1}, {4, 1}}, {5, 8, 14}), ElementsAre(Is(3), Is(2)));
}

TEST(LeastSquaresTest, NoUnknownIsNegative) {
  // 2 x - 1 would be exact.
  const auto x = FitNonNegative({{1, 1}, {2, 1}}, {1, 3});
  EXPECT_GT(x[0], 1.0);
  EXPECT_EQ(x[1], 0.0);
}

TEST(LeastSquaresTest, WhatCannotBeToldApartIsLeftToTheFirst) {
  EXPECT_THAT(FitNonNegative({{1, 1}, {2, 2}}, {3, 6}), ElementsAre(Is(3), Is(0)));
}

TEST(LeastSquaresTest, ErrorsCountRelativeToTheirValues) {
  // 10 % at either end weigh the same.
  const auto x = FitNonNegative({{1}, {1000}}, {1.1, 900});
  EXPECT_NEAR(x[0], (1 / 1.1 + 1 / 0.9) / (1 / 1.21 + 1 / 0.81), 1e-9);
}

TEST(LeastSquaresTest, WithoutRowsThereIsNothing) {
  EXPECT_TRUE(FitNonNegative({}, {}).empty());
  EXPECT_THAT(FitNonNegative({{0, 0}}, {3}), ElementsAre(0, 0));
}

}  // namespace
}  // namespace lockstep::cluster
