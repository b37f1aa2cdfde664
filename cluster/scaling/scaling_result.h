// SPDX-License-Identifier: Apache-2.0
// What `bench scaling` finds: measurements, their digests, the model that was fitted to them and
// how wrong it was.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/shape.h"
#include "base/spread.h"
#include "base/status.h"
#include "cluster/scaling/group_measurement.h"
#include "cluster/scaling/network.h"
#include "cluster/scaling/scaling_model.h"

namespace lockstep::cluster {

// strong: V lanes whatever W is; weak: V = W times the lanes of a rank.
enum class Series { kStrong, kWeak };
const char* SeriesName(Series series);

struct ScalingPoint {
  Series series = Series::kStrong;
  GroupMeasurement measured;
  bool fitted = false;                // the model knows it; else it was predicted before
  std::optional<StepTime> predicted;  // where it was

  Arrangement at() const { return {measured.ranks, measured.lanes}; }
  Spread SpreadOfPart(double StepParts::*part) const;
  double images_per_second() const;  // of the median step
};

struct PredictedPoint {
  Series series = Series::kStrong;
  Arrangement at;
  StepTime time;
};

// The same V computed in two ways, step by step.
struct DigestCheck {
  int32_t lanes = 0;
  std::vector<std::string> ways;  // "2 ranks", "1 rank"
  int64_t steps = 0;              // that all have
  uint64_t digest = 0;            // of the last of them
};

// PyTorch's DistributedDataParallel with the same model and global batch.
struct PeerPoint {
  int32_t ranks = 1;
  std::vector<double> step_ms;
  double images_per_second = 0.0;
  double ours_over_theirs = 0.0;
};

struct ScalingResult {
  std::string model, date, host;
  Shape image;
  int64_t classes = 10, lane_batch = 1, steps = 0;
  std::string launch;
  Workload work;
  std::vector<ScalingPoint> points;  // by series, then by ranks
  std::vector<DigestCheck> checks;
  ScalingModel fitted;
  std::optional<Network> network;
  std::vector<PredictedPoint> elsewhere;  // on that network
  std::string peer;                       // "PyTorch 2.9.1 DDP, gloo", or why there is none
  std::vector<PeerPoint> peers;

  // Of ranks W relative to the fewest of its series: speed-up, and that over the ratio of the cores
  // that both use.
  double SpeedUp(const ScalingPoint& point) const;
  double Efficiency(const ScalingPoint& point) const;
  // Of the predicted step, relative to the measured one: 0.1 is 10 % too long.
  static double ErrorOf(const ScalingPoint& point);

 private:
  const ScalingPoint& FirstOf(Series series) const;
};

// Digests that differ where they must not: data-loss, naming both ways and the first step. On
// success the result has one check for each number of lanes.
struct Way {
  std::string name;
  int32_t lanes = 0;
  std::vector<uint64_t> digests;
};
Result<std::vector<DigestCheck>> CompareDigests(const std::vector<Way>& ways);

}  // namespace lockstep::cluster
