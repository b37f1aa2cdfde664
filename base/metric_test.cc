// SPDX-License-Identifier: Apache-2.0
#include "base/metric.h"

#include <gtest/gtest.h>

#include <cmath>

namespace lockstep {
namespace {

TEST(Metric, IsBetterAsItsDirectionSays) {
  const Metric hits{.name = "hits", .larger_is_better = true, .unit = ""};
  EXPECT_TRUE(IsBetter(hits, 0.5, 0.25));
  EXPECT_FALSE(IsBetter(hits, 0.25, 0.5));
  EXPECT_FALSE(IsBetter(hits, 0.5, 0.5));
  const Metric error{.name = "error", .larger_is_better = false, .unit = ""};
  EXPECT_TRUE(IsBetter(error, 0.25, 0.5));
  EXPECT_FALSE(IsBetter(error, 0.5, 0.25));
  EXPECT_FALSE(IsBetter(error, 0.5, 0.5));
}

TEST(Metric, EveryNumberIsBetterThanANaNAndANaNIsNeverBetter) {
  for (bool larger : {true, false}) {
    const Metric metric{.name = "m", .larger_is_better = larger, .unit = ""};
    EXPECT_TRUE(IsBetter(metric, 1.0, NAN));
    EXPECT_FALSE(IsBetter(metric, NAN, 1.0));
    EXPECT_FALSE(IsBetter(metric, NAN, NAN));
  }
}

TEST(Metric, PeopleAreShownFractionsPerCent) {
  EXPECT_EQ(MetricTexts({{"acc1", 0.87654, true, "fraction"}, {"bits", 0.5, false, ""}}),
            "  acc1 87.65 %  bits 0.5000");
  EXPECT_EQ(MetricTexts({}), "");
}

TEST(Metric, IsFoundByItsName) {
  const std::vector<Metric> metrics = {{"a", 1.0, true, ""}, {"b", 2.0, true, ""}};
  ASSERT_NE(FindMetric(metrics, "b"), nullptr);
  EXPECT_EQ(FindMetric(metrics, "b")->value, 2.0);
  EXPECT_EQ(FindMetric(metrics, "c"), nullptr);
  EXPECT_EQ(NamesOf(metrics), (std::vector<std::string>{"a", "b"}));
}

}  // namespace
}  // namespace lockstep
