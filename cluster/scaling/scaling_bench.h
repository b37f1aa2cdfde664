// SPDX-License-Identifier: Apache-2.0
// `lockstep bench scaling`: how training gets faster with more ranks on this machine or in this
// job, where its time goes, and what the model that is fitted to it expects of others.
#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"
#include "cluster/console/console.h"
#include "cluster/scaling/rank_group.h"
#include "cluster/scaling/scaling_result.h"

namespace lockstep::cluster {

struct ScalingOptions {
  std::string model = "lenet5";
  std::string image;  // "64x64x3"; empty: what the model was made for
  int64_t classes = 10;
  int32_t lanes = 8;        // V of the strong series
  int32_t weak_lanes = 0;   // of a rank, of the weak series; 0: lanes / the most ranks
  int64_t lane_batch = 32;  // rows of a lane
  int32_t threads = 1;      // T of a lane
  int32_t cores = 1;        // of a rank
  int32_t nodes = 1;        // machines that the launcher spreads ranks over
  std::string ranks;        // "1,2,4"; empty: 1, 2, 4 ... max_ranks
  int32_t max_ranks = 2;
  bool strong = false, weak = false;  // neither: both
  std::string kernels = "auto";
  std::string optimizer = "sgd";
  double learning_rate = 0.01;
  uint64_t seed = 1;
  int64_t steps = 20, warmup = 3;
  std::string launch = GroupLaunch().command;
  std::string work;     // folder for the made-up dataset and checkpoints; empty: of temporary files
  std::string network;  // of larger machines; empty: none is predicted
  std::string json, csv, markdown, plots;  // files; plots: the beginning of ten names
  std::string python;                      // with torch; empty: PyTorch is not measured
  std::string peer_program = "tests/perf/torch_ddp.py";
};

// Measures, and writes tables to console.out, what it is at to console.err. Digests that differ
// where they must not are data-loss.
Status RunBenchScaling(const ScalingOptions& options, Console* console);

// What can be told before anything is measured: numbers that are none, files that could not be
// written (each failure names the option), and a process that a launcher has started as one of
// several.
Status CheckScalingOptions(const ScalingOptions& options);

// Lanes of a rank, of the weak series, with so many ranks at most.
int32_t WeakLanes(const ScalingOptions& options, int32_t most_ranks);

// "1,2,4" as increasing numbers without duplicates. Invalid-argument names what is no number of
// ranks, or is more than the lanes, or what would need more than kMostLanes lanes.
Result<std::vector<int32_t>> RanksOf(const ScalingOptions& options);

}  // namespace lockstep::cluster
