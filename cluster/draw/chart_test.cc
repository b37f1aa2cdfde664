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

TEST(ChartTest, MarksOfOneCategoryStandBesideOneAnother) {
  const std::string svg = ChartSvg(Example());
  // The second of three categories is in the middle of the plot, at 380.
  EXPECT_THAT(svg, HasSubstr(R"(<circle cx="376.0")"));
  EXPECT_THAT(svg, HasSubstr(R"(<circle cx="384.0")"));
}

TEST(ChartTest, BarsHaveTheirSpreadAndTheWholeStandsOverThem) {
  Chart chart = Example();
  chart.stacked = true;
  EXPECT_THAT(ChartSvg(chart), Not(HasSubstr("<circle")));
  chart.series[0].values = {{0, 100, 80, 120}};
  chart.series[1] = {"more", ChartColour(1), false, {{0, 100, 90, 130}}};
  chart.series.push_back({"whole", ChartColour(7), false, {{0, 400, 390, 400}}, true});
  const std::string svg = ChartSvg(chart);
  // The axis ends at 400 and has 380 pixels, from 440 upwards; the second bar stands on 100.
  EXPECT_THAT(svg, HasSubstr(R"(y1="364.0" x2="192.0" y2="326.0")"));
  EXPECT_THAT(svg, HasSubstr(R"(y1="259.5" x2="200.0" y2="221.5")"));
  EXPECT_THAT(svg, HasSubstr(R"(<circle cx="208.0" cy="60.0")"));
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
