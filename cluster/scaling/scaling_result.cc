// SPDX-License-Identifier: Apache-2.0
#include "cluster/scaling/scaling_result.h"

#include <algorithm>
#include <map>

#include "base/check.h"
#include "base/hash.h"

namespace lockstep::cluster {

const char* SeriesName(Series series) { return series == Series::kStrong ? "strong" : "weak"; }

Spread ScalingPoint::SpreadOfPart(double StepParts::*part) const {
  std::vector<double> values;
  for (const StepParts& step : measured.steps) values.push_back(step.*part);
  return SpreadOf(values);
}

double ScalingPoint::images_per_second() const {
  const double images =
      static_cast<double>(measured.lanes) * static_cast<double>(measured.lane_batch);
  return 1e3 * images / SpreadOfPart(&StepParts::step).median;
}

const ScalingPoint& ScalingResult::FirstOf(Series series) const {
  const auto first = std::find_if(points.begin(), points.end(),
                                  [&](const ScalingPoint& p) { return p.series == series; });
  CHECK(first != points.end());
  return *first;
}

double ScalingResult::SpeedUp(const ScalingPoint& point) const {
  return point.images_per_second() / FirstOf(point.series).images_per_second();
}

double ScalingResult::Efficiency(const ScalingPoint& point) const {
  const auto cores = [&](const ScalingPoint& p) {
    return std::min(static_cast<double>(p.measured.ranks) * work.rank_cores,
                    static_cast<double>(std::max(1, work.machine_cores)));
  };
  return SpeedUp(point) * cores(FirstOf(point.series)) / cores(point);
}

double ScalingResult::ErrorOf(const ScalingPoint& point) {
  if (!point.predicted) return 0.0;
  return point.predicted->total() / point.SpreadOfPart(&StepParts::step).median - 1.0;
}

Result<std::vector<DigestCheck>> CompareDigests(const std::vector<Way>& ways) {
  std::map<int32_t, std::vector<const Way*>> by_lanes;
  for (const Way& way : ways) by_lanes[way.lanes].push_back(&way);
  std::vector<DigestCheck> checks;
  for (const auto& [lanes, same] : by_lanes) {
    DigestCheck check;
    check.lanes = lanes;
    size_t steps = same.front()->digests.size();
    for (const Way* way : same) {
      check.ways.push_back(way->name);
      steps = std::min(steps, way->digests.size());
    }
    for (size_t step = 0; step < steps; ++step) {
      for (const Way* way : same) {
        if (way->digests[step] == same.front()->digests[step]) continue;
        return DataLoss("V = " + std::to_string(lanes) + ": after step " +
                        std::to_string(step + 1) + " the digest of " + same.front()->name + " is " +
                        Hex64(same.front()->digests[step]) + " and that of " + way->name + " is " +
                        Hex64(way->digests[step]) +
                        "; they must be equal. Run it again with --kernels reference: if that "
                        "agrees, a kernel depends on how many work beside it");
      }
    }
    check.steps = static_cast<int64_t>(steps);
    if (steps > 0) check.digest = same.front()->digests[steps - 1];
    checks.push_back(std::move(check));
  }
  return checks;
}

}  // namespace lockstep::cluster
