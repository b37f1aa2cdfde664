// SPDX-License-Identifier: Apache-2.0
// What is made of measurements: digests compared, tables and files. Nothing is measured here.
#include "cluster/scaling/scaling_result.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "base/file.h"
#include "cluster/bench/image_option.h"
#include "cluster/scaling/scaling_bench.h"
#include "cluster/scaling/scaling_charts.h"
#include "cluster/scaling/scaling_report.h"

namespace lockstep::cluster {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(CompareDigestsTest, EqualOnesAreListedByLanes) {
  const auto checks =
      CompareDigests({{"1 rank", 8, {1, 2, 3}}, {"2 ranks", 8, {1, 2, 3, 4}}, {"1 rank", 4, {9}}});
  ASSERT_TRUE(checks.ok()) << checks.status();
  ASSERT_EQ(checks->size(), 2u);
  EXPECT_EQ((*checks)[1].lanes, 8);
  EXPECT_THAT((*checks)[1].ways, ElementsAre("1 rank", "2 ranks"));
  EXPECT_EQ((*checks)[1].steps, 3);
  EXPECT_EQ((*checks)[1].digest, 3u);
}

TEST(CompareDigestsTest, UnequalOnesNameBothWaysAndTheFirstStep) {
  const auto checks = CompareDigests({{"1 rank", 8, {1, 2, 3}}, {"2 ranks", 8, {1, 5, 6}}});
  EXPECT_EQ(checks.status().code(), StatusCode::kDataLoss);
  EXPECT_THAT(checks.status().message(),
              AllOf(HasSubstr("V = 8: after step 2"), HasSubstr("1 rank is 0000000000000002"),
                    HasSubstr("2 ranks is 0000000000000005")));
}

ScalingOptions Options(const std::string& ranks, int32_t lanes = 8) {
  ScalingOptions options;
  options.ranks = ranks;
  options.lanes = lanes;
  return options;
}

TEST(RanksOfTest, AListIsSortedAndPowersOfTwoFillTheDefault) {
  EXPECT_THAT(*RanksOf(Options("4,1,2,4")), ElementsAre(1, 2, 4));
  ScalingOptions most;
  most.max_ranks = 6;
  EXPECT_THAT(*RanksOf(most), ElementsAre(1, 2, 4, 6));
}

TEST(RanksOfTest, NonsenseIsNamed) {
  for (const char* ranks : {"0", "-1", "1,,2", "two", "1,2,", "1.5", "99999999999"}) {
    EXPECT_EQ(RanksOf(Options(ranks)).status().code(), StatusCode::kInvalidArgument) << ranks;
  }
  const Status many = RanksOf(Options("1,16")).status();
  EXPECT_THAT(many.message(),
              AllOf(HasSubstr("16 ranks cannot share 8 lanes"), HasSubstr("--lanes 16")));
  ScalingOptions weak = Options("1,16");
  weak.weak = true;
  EXPECT_TRUE(RanksOf(weak).ok());
}

ScalingPoint Point(Series series, int32_t ranks, int32_t lanes, double step) {
  ScalingPoint point;
  point.series = series;
  point.measured.ranks = ranks;
  point.measured.lanes = lanes;
  point.measured.lane_batch = 32;
  point.measured.digests = {7, 8};
  point.measured.checkpoint_ms = {2.0, 3.0, 5.0};
  point.measured.checkpoint_whole_ms = {30.0};
  for (const double part : {0.9, 1.0, 1.1}) {
    point.measured.steps.push_back({.step = part * step,
                                    .input = 0.1,
                                    .compute = 0.8 * part * step,
                                    .exposed = 0.1 * step,
                                    .hidden = 0.2,
                                    .digest = 0.05 * step});
  }
  return point;
}

ScalingResult Example() {
  ScalingResult r;
  r.model = "lenet5";
  r.date = "2026-11-30T14:00:00Z";
  r.host = "node";
  r.image = {28, 28, 1};
  r.lane_batch = 32;
  r.steps = 3;
  r.launch = "threads";
  r.work = {.parameter_bytes = 1'000'000, .machine_cores = 2};
  r.points = {Point(Series::kStrong, 1, 8, 100), Point(Series::kStrong, 2, 8, 60),
              Point(Series::kStrong, 4, 8, 64), Point(Series::kWeak, 1, 2, 25)};
  r.points[2].predicted = StepTime{.compute = 60, .exchange = 10, .digest = 2};
  r.fitted.lane_ms = 12.5;
  r.network = Network{.latency_ms = 0.002, .gb_per_second = 25, .ranks_per_node = 8};
  r.elsewhere = {{Series::kWeak, {16, 32}, {.compute = 25, .exchange = 1}}};
  r.checks = {{8, {"1 rank", "2 ranks", "4 ranks"}, 2, 8}};
  r.peer = "PyTorch 2.9 DDP over gloo";
  r.peers = {{.ranks = 1, .step_ms = {200}, .images_per_second = 1280, .ours_over_theirs = 2.0}};
  return r;
}

TEST(ScalingResultTest, EfficiencyCountsTheCoresInUse) {
  const ScalingResult r = Example();
  EXPECT_NEAR(r.SpeedUp(r.points[1]), 100.0 / 60, 1e-9);
  EXPECT_NEAR(r.Efficiency(r.points[1]), 100.0 / 60 / 2, 1e-9);
  EXPECT_NEAR(r.Efficiency(r.points[2]), 100.0 / 64 / 2, 1e-9) << "4 ranks, 2 cores";
  EXPECT_NEAR(ScalingResult::ErrorOf(r.points[2]), 72.0 / 64 - 1, 1e-9);
}

TEST(ScalingReportTest, TheTablesSayEverything) {
  std::ostringstream out;
  PrintScaling(Example(), out);
  EXPECT_THAT(out.str(),
              AllOf(HasSubstr("exchange exposed"), HasSubstr("72.00 (+12 %)"),
                    HasSubstr("1 rank, 2 ranks, 4 ranks"), HasSubstr("12.500 ms a lane"),
                    HasSubstr("predicted for 2 us, 25 GB/s"), HasSubstr("ours / theirs")));
  const std::string markdown = ScalingMarkdown(Example());
  EXPECT_THAT(markdown, AllOf(HasSubstr("| series | W | V |"), HasSubstr("|---|---|"),
                              HasSubstr("2026-11-30"), HasSubstr("100.00 (95.00 to 105.00)")));
  const std::string csv = ScalingCsv(Example());
  EXPECT_THAT(csv, HasSubstr("\nstrong,4,8,4000,1.5625,0.78125,72,0000000000000008,64,"));
  EXPECT_THAT(csv,
              HasSubstr("checkpoint_ms,checkpoint_ms_lower,checkpoint_ms_upper,checkpoint_who"));
  EXPECT_THAT(csv, HasSubstr(",3,2.5,4,30,30,30\n"));
  const auto commas = [](const std::string& line) {
    return std::count(line.begin(), line.end(), ',');
  };
  std::istringstream lines(csv);
  std::string header, line;
  std::getline(lines, header);
  while (std::getline(lines, line)) EXPECT_EQ(commas(line), commas(header)) << line;
}

TEST(ScalingReportTest, ExplainReadsTheModelBack) {
  const std::string path = ::testing::TempDir() + "/scaling_report.json";
  ASSERT_TRUE(WriteScaling(Example(), {.json = path}).ok());
  const auto stored = ReadScalingFile(path);
  ASSERT_TRUE(stored.ok()) << stored.status();
  EXPECT_EQ(stored->model, "lenet5");
  EXPECT_EQ(stored->image, ImageText(Example().image));
  EXPECT_EQ(stored->classes, Example().classes);
  EXPECT_EQ(stored->work.machine_cores, 2);
  EXPECT_EQ(stored->fitted.lane_ms, 12.5);
  const auto json = nlohmann::json::parse(ScalingJson(Example()));
  EXPECT_EQ(json["points"][2]["predicted"]["step_ms"], 72.0);
  EXPECT_EQ(json["peer"]["points"][0]["ours_over_theirs"], 2.0);
  for (const char* text : {"", "{}", "[1]", R"({"format": "lockstep-scaling", "version": 1})"}) {
    std::ofstream(path) << text;
    EXPECT_EQ(ReadScalingFile(path).status().code(), StatusCode::kDataLoss) << text;
  }
}

TEST(ScalingReportTest, PlotsAreWrittenAsSvgAndPng) {
  const std::string beginning = ::testing::TempDir() + "/scaling_plots";
  const Status written = WriteScaling(Example(), {.plots = beginning});
  ASSERT_TRUE(written.ok()) << written;
  for (const std::string& path : PlotFiles(beginning)) {
    const auto bytes = ReadFile(path);
    ASSERT_TRUE(bytes.ok()) << bytes.status();
    EXPECT_THAT(*bytes, HasSubstr(path.ends_with(".svg") ? "<svg " : "PNG"));
  }
}

TEST(ScalingReportTest, ThePlotsHaveEveryTimeWithItsSpread) {
  const std::vector<Chart> charts = ScalingCharts(Example());
  ASSERT_EQ(2 * charts.size(), PlotFiles("").size());
  std::set<std::string> names;
  for (const Chart& chart : charts) {
    for (const ChartSeries& series : chart.series) {
      names.insert(series.name);
      EXPECT_FALSE(series.values.empty()) << chart.title << ": " << series.name;
    }
  }
  for (const char* name : {"compute", "exchange, exposed", "digest", "input", "the whole step",
                           "strong, hidden", "weak, exposed", "strong, waits", "weak, in place"}) {
    EXPECT_TRUE(names.contains(name)) << name;
  }
  const ChartValue checkpoint = charts.back().series.front().values.front();
  EXPECT_EQ(checkpoint.value, 3.0);
  EXPECT_EQ(checkpoint.low, 2.5);
  EXPECT_EQ(checkpoint.high, 4.0);
  const ChartValue efficiency = charts[1].series.front().values.back();
  EXPECT_NEAR(efficiency.value, 100.0 / 64 / 2, 1e-9);
  EXPECT_NEAR(efficiency.high, 100.0 / 60.8 / 2, 1e-9) << "its faster quartile takes 60.8 ms";
}

TEST(ScalingReportTest, AMissingFolderIsNamedWithTheRemedy) {
  const Status missing = WriteScaling(Example(), {.plots = "/nonexistent/plots"});
  EXPECT_THAT(missing.message(),
              AllOf(HasSubstr("/nonexistent/plots-throughput.svg"), HasSubstr("--plots")));
  EXPECT_THAT(WriteScaling(Example(), {.csv = "/nonexistent/s.csv"}).message(), HasSubstr("--csv"));
}

}  // namespace
}  // namespace lockstep::cluster
