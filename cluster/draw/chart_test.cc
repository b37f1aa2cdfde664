// SPDX-License-Identifier: Apache-2.0
#include "cluster/draw/chart.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace lockstep::cluster {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

Chart Example() {
  return {.title = "throughput & spread",
          .x_label = "ranks",
          .y_label = "images a second",
          .categories = {"1", "2", "4"},
          .series = {{"measured", ChartColour(0), false, {{0, 100, 95, 104}, {1, 190, 180, 195}}},
                     {"<predicted>", ChartColour(1), true, {{1, 195}, {2, 370}}}}};
}

TEST(ChartTest, AxisMarksAreRoundNumbers) {
  EXPECT_THAT(AxisMarks(5), ElementsAre(0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5));
  EXPECT_THAT(AxisMarks(370), ElementsAre(0, 50, 100, 150, 200, 250, 300, 350, 400));
  for (const double most : {1e-9, 0.013, 1.0, 99.0, 100.0, 101.0, 7.7e8}) {
    const std::vector<double> marks = AxisMarks(most);
    EXPECT_GE(marks.back(), most * (1 - 1e-9));
    EXPECT_LT(marks[marks.size() - 2], most);
    EXPECT_LE(marks.size(), 11u) << most;
    EXPECT_GE(marks.size(), 5u) << most;
  }
}

TEST(ChartTest, NoNumberIsAnAxisToo) {
  for (const double most : {0.0, -1.0, std::numeric_limits<double>::infinity(),
                            std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_EQ(AxisMarks(most).back(), 1.0);
  }
}

TEST(ChartTest, TheSvgHasTitleAxesUnitsAndLegend) {
  const std::string svg = ChartSvg(Example());
  for (const char* text : {">throughput &amp; spread<", ">ranks<", ">images a second<",
                           ">measured<", ">&lt;predicted>", ">4<", ">400<", "stroke-dasharray"}) {
    EXPECT_THAT(svg, HasSubstr(text));
  }
  EXPECT_THAT(svg, HasSubstr(R"(fill="#ffffff")"));
  EXPECT_THAT(svg, Not(HasSubstr("nan")));
}

TEST(ChartTest, ThePngShowsBarsOfTheirHeight) {
  Chart chart = Example();
  chart.stacked = true;
  const auto png = ChartPng(chart);
  ASSERT_TRUE(png.ok()) << png.status();
  EXPECT_EQ(png->substr(1, 3), "PNG");
  // Stacked: the second category has 190 + 195 of the axis' 400.
  const std::string svg = ChartSvg(chart);
  EXPECT_THAT(svg, HasSubstr("<rect"));
  EXPECT_THAT(svg, Not(HasSubstr("<circle")));
}

TEST(ChartTest, AChartWithoutValuesIsDrawn) {
  const Chart empty = {.title = "nothing", .categories = {"1"}, .series = {}};
  EXPECT_TRUE(ChartPng(empty).ok());
  EXPECT_THAT(ChartSvg(empty), HasSubstr("nothing"));
}

}  // namespace
}  // namespace lockstep::cluster
