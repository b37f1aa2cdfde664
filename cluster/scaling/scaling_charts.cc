// SPDX-License-Identifier: Apache-2.0
#include "cluster/scaling/scaling_charts.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <set>
#include <string>

#include "cluster/scaling/scaling_report.h"

namespace lockstep::cluster {
namespace {

// The numbers of ranks that occur: the categories of the charts.
class RankAxis {
 public:
  explicit RankAxis(const ScalingResult& result) {
    std::set<int32_t> all;
    for (const ScalingPoint& p : result.points) all.insert(p.measured.ranks);
    ranks_.assign(all.begin(), all.end());
  }
  size_t Of(int32_t ranks) const {
    return static_cast<size_t>(std::find(ranks_.begin(), ranks_.end(), ranks) - ranks_.begin());
  }
  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const int32_t ranks : ranks_) names.push_back(std::to_string(ranks));
    return names;
  }

 private:
  std::vector<int32_t> ranks_;
};

double ImagesASecond(const ScalingResult& r, const ScalingPoint& p, double step_ms) {
  return 1e3 * static_cast<double>(p.measured.lanes) * static_cast<double>(r.lane_batch) / step_ms;
}

Chart Throughput(const ScalingResult& r, const RankAxis& axis) {
  Chart chart = {.title = r.model + ": throughput",
                 .x_label = "ranks (W)",
                 .y_label = "images a second",
                 .categories = axis.names()};
  for (const Series series : {Series::kStrong, Series::kWeak}) {
    const size_t first = series == Series::kStrong ? 0 : 1;
    ChartSeries measured = {SeriesName(series), ChartColour(first), false, {}};
    ChartSeries predicted = {
        std::string(SeriesName(series)) + ", predicted", ChartColour(first + 2), true, {}};
    for (const ScalingPoint& p : r.points) {
      if (p.series != series) continue;
      const Spread step = p.SpreadOfPart(&StepParts::step);
      const size_t at = axis.Of(p.measured.ranks);
      measured.values.push_back({at, p.images_per_second(), ImagesASecond(r, p, step.upper),
                                 ImagesASecond(r, p, step.lower)});
      if (p.predicted) {
        predicted.values.push_back({at, ImagesASecond(r, p, p.predicted->total())});
      }
    }
    if (!measured.values.empty()) chart.series.push_back(std::move(measured));
    if (!predicted.values.empty()) chart.series.push_back(std::move(predicted));
  }
  if (r.peers.empty()) return chart;
  ChartSeries peer = {"PyTorch DDP", ChartColour(6), false, {}};
  for (const PeerPoint& p : r.peers) peer.values.push_back({axis.Of(p.ranks), p.images_per_second});
  chart.series.push_back(std::move(peer));
  return chart;
}

Chart EfficiencyChart(const ScalingResult& r, const RankAxis& axis) {
  Chart chart = {.title = r.model + ": speed-up over the ratio of cores in use",
                 .x_label = "ranks (W)",
                 .y_label = "efficiency",
                 .categories = axis.names(),
                 .at_least = 1.0};
  for (const Series series : {Series::kStrong, Series::kWeak}) {
    ChartSeries one = {
        SeriesName(series), ChartColour(series == Series::kStrong ? 0 : 1), false, {}};
    for (const ScalingPoint& p : r.points) {
      if (p.series != series) continue;
      const Spread step = p.SpreadOfPart(&StepParts::step);
      const double efficiency = r.Efficiency(p);
      one.values.push_back({axis.Of(p.measured.ranks), efficiency,
                            efficiency * step.median / step.upper,
                            efficiency * step.median / step.lower});
    }
    if (!one.values.empty()) chart.series.push_back(std::move(one));
  }
  return chart;
}

// Nothing where it was not measured.
using SpreadOfPoint = std::function<std::optional<Spread>(const ScalingPoint&)>;

SpreadOfPoint PartOf(double StepParts::*part) {
  return [part](const ScalingPoint& p) { return p.SpreadOfPart(part); };
}

SpreadOfPoint TimesOf(std::vector<double> GroupMeasurement::*times) {
  return [times](const ScalingPoint& p) -> std::optional<Spread> {
    const std::vector<double>& ms = p.measured.*times;
    if (ms.empty()) return std::nullopt;
    return SpreadOf(ms);
  };
}

ChartSeries MillisecondsOf(const ScalingResult& r, const RankAxis& axis, Series series,
                           const std::string& name, Colour colour, const SpreadOfPoint& of) {
  ChartSeries one = {name, colour, false, {}};
  for (const ScalingPoint& p : r.points) {
    if (p.series != series) continue;
    const std::optional<Spread> ms = of(p);
    if (!ms) continue;
    one.values.push_back({axis.Of(p.measured.ranks), ms->median, ms->lower, ms->upper});
  }
  return one;
}

// Of the first series. The parts add up to less than a step where the rank that computed longest
// had to wait for a core.
Chart StepChart(const ScalingResult& r, const RankAxis& axis) {
  const Series series = r.points.front().series;
  Chart chart = {.title = r.model + ": a step, " + SeriesName(series) + " scaling",
                 .x_label = "ranks (W)",
                 .y_label = "milliseconds",
                 .categories = axis.names(),
                 .stacked = true};
  struct Part {
    const char* name;
    double StepParts::*of;
  };
  size_t colour = 0;
  for (const Part& part :
       {Part{"compute", &StepParts::compute}, Part{"exchange, exposed", &StepParts::exposed},
        Part{"digest", &StepParts::digest}, Part{"input", &StepParts::input}}) {
    chart.series.push_back(
        MillisecondsOf(r, axis, series, part.name, ChartColour(colour++), PartOf(part.of)));
  }
  chart.series.push_back(
      MillisecondsOf(r, axis, series, "the whole step", ChartColour(7), PartOf(&StepParts::step)));
  chart.series.back().over_bars = true;
  return chart;
}

// Two times of each series, in charts of their own: they are far from the scale of a step.
struct TwoTimes {
  const char *title, *first, *second;
  SpreadOfPoint of_first, of_second;
};

Chart TimesChart(const ScalingResult& r, const RankAxis& axis, const TwoTimes& times) {
  Chart chart = {.title = r.model + ": " + times.title,
                 .x_label = "ranks (W)",
                 .y_label = "milliseconds",
                 .categories = axis.names()};
  for (const Series series : {Series::kStrong, Series::kWeak}) {
    const std::string name = std::string(SeriesName(series)) + ", ";
    const size_t colour = series == Series::kStrong ? 0 : 1;
    for (ChartSeries& one : std::vector{MillisecondsOf(r, axis, series, name + times.first,
                                                       ChartColour(colour), times.of_first),
                                        MillisecondsOf(r, axis, series, name + times.second,
                                                       ChartColour(colour + 2), times.of_second)}) {
      if (!one.values.empty()) chart.series.push_back(std::move(one));
    }
  }
  return chart;
}

Chart ExchangeChart(const ScalingResult& r, const RankAxis& axis) {
  return TimesChart(r, axis,
                    {"exchange between ranks", "exposed", "hidden", PartOf(&StepParts::exposed),
                     PartOf(&StepParts::hidden)});
}

Chart CheckpointChart(const ScalingResult& r, const RankAxis& axis) {
  return TimesChart(
      r, axis,
      {"a checkpoint: training waits for it, it is in place", "waits", "in place",
       TimesOf(&GroupMeasurement::checkpoint_ms), TimesOf(&GroupMeasurement::checkpoint_whole_ms)});
}

}  // namespace

std::vector<Chart> ScalingCharts(const ScalingResult& result) {
  const RankAxis axis(result);
  return {Throughput(result, axis), EfficiencyChart(result, axis), StepChart(result, axis),
          ExchangeChart(result, axis), CheckpointChart(result, axis)};
}

std::vector<std::string> PlotFiles(const std::string& beginning) {
  std::vector<std::string> files;
  for (const char* name : {"-throughput", "-efficiency", "-step", "-exchange", "-checkpoint"}) {
    for (const char* kind : {".svg", ".png"}) files.push_back(beginning + name + kind);
  }
  return files;
}

}  // namespace lockstep::cluster
