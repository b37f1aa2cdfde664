// SPDX-License-Identifier: Apache-2.0
// The part of `bench scaling` that is decided before anything runs.
#include <algorithm>
#include <charconv>

#include "base/file.h"
#include "cluster/scaling/scaling_bench.h"
#include "cluster/scaling/scaling_report.h"
#include "comm/rendezvous/launch_environment.h"

namespace lockstep::cluster {
namespace {

constexpr int32_t kMostRanks = 65536;

Result<int32_t> ReadRanks(const std::string& word) {
  int32_t ranks = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), ranks);
  if (error == std::errc() && end == word.data() + word.size() && ranks >= 1 &&
      ranks <= kMostRanks) {
    return ranks;
  }
  return InvalidArgument("--ranks: '" + word + "' is no number of ranks; expected whole numbers " +
                         "from 1, parted by commas, for example 1,2,4");
}

std::string WhatFits(const char* less) {
  return " lanes, a batch has at most " + std::to_string(kMostLanes) + "; take " + less;
}

// Of both series, with so many ranks at most.
Status CheckLanes(const ScalingOptions& options, int32_t ranks) {
  const bool strong = options.strong || !options.weak, weak = options.weak || !options.strong;
  if (strong && options.lanes > kMostLanes) {
    return InvalidArgument("--lanes " + std::to_string(options.lanes) + " are " +
                           std::to_string(options.lanes) + WhatFits("fewer"));
  }
  const int64_t lanes = int64_t{ranks} * WeakLanes(options, ranks);
  if (!weak || lanes <= kMostLanes) return OkStatus();
  return InvalidArgument("the weak series has " + std::to_string(ranks) + " ranks with " +
                         std::to_string(WeakLanes(options, ranks)) + " lanes each, that is " +
                         std::to_string(lanes) +
                         WhatFits("fewer ranks, fewer --weak-lanes, or --strong alone"));
}

Status CheckAlone() {
  ASSIGN_OR_RETURN(const comm::LaunchEnvironment launch,
                   comm::ReadLaunchEnvironment(comm::ProcessEnvironment()));
  if (!launch.NeedsMpi()) return OkStatus();
  return InvalidArgument("bench scaling starts its ranks itself and is one of several under " +
                         launch.name +
                         "; start it without, and say with --launch how ranks are started, for "
                         "example --launch 'srun --mpi=pmix -n {ranks}'");
}

// Files that could not be written in the end.
Status CheckFiles(const ScalingOptions& o) {
  for (const std::string& path : {o.json, o.csv, o.markdown}) {
    if (path.empty()) continue;
    const Status writable = CheckWritable(path);
    if (!writable.ok()) {
      return Status(writable.code(), writable.message() +
                                         "; nothing was measured yet: choose another place with "
                                         "--json, --csv or --markdown");
    }
  }
  if (o.plots.empty()) return OkStatus();
  for (const std::string& path : PlotFiles(o.plots)) {
    const Status writable = CheckWritable(path);
    if (!writable.ok()) {
      return Status(writable.code(), writable.message() +
                                         "; nothing was measured yet: choose another place with "
                                         "--plots");
    }
  }
  return OkStatus();
}

}  // namespace

Status CheckScalingOptions(const ScalingOptions& o) {
  if (o.lanes < 1 || o.lane_batch < 1 || o.threads < 1 || o.cores < 1 || o.nodes < 1 ||
      o.max_ranks < 1 || o.classes < 1 || o.steps < 1 || o.warmup < 0 || o.weak_lanes < 0) {
    return InvalidArgument(
        "--lanes, --lane-batch, --threads, --cores-per-rank, --nodes, --max-ranks, --classes and "
        "--steps must be at least 1, --warmup and --weak-lanes at least 0");
  }
  RETURN_IF_ERROR(CheckFiles(o));
  return CheckAlone();
}

int32_t WeakLanes(const ScalingOptions& options, int32_t most_ranks) {
  return options.weak_lanes > 0 ? options.weak_lanes : std::max(1, options.lanes / most_ranks);
}

Result<std::vector<int32_t>> RanksOf(const ScalingOptions& options) {
  std::vector<int32_t> ranks;
  if (options.ranks.empty()) {
    if (options.max_ranks > kMostRanks) {
      return InvalidArgument("--max-ranks " + std::to_string(options.max_ranks) +
                             ": expected at most " + std::to_string(kMostRanks));
    }
    for (int32_t w = 1; w < options.max_ranks; w *= 2) ranks.push_back(w);
    ranks.push_back(options.max_ranks);
  }
  for (size_t at = 0; !options.ranks.empty() && at <= options.ranks.size();) {
    const size_t comma = std::min(options.ranks.find(',', at), options.ranks.size());
    ASSIGN_OR_RETURN(const int32_t one, ReadRanks(options.ranks.substr(at, comma - at)));
    ranks.push_back(one);
    at = comma + 1;
  }
  std::sort(ranks.begin(), ranks.end());
  ranks.erase(std::unique(ranks.begin(), ranks.end()), ranks.end());
  const bool strong = options.strong || !options.weak;
  if (strong && ranks.back() > options.lanes) {
    return InvalidArgument(std::to_string(ranks.back()) + " ranks cannot share " +
                           std::to_string(options.lanes) + " lanes, each needs one; take --lanes " +
                           std::to_string(ranks.back()) +
                           " or more (new mathematics), fewer ranks, or --weak alone");
  }
  RETURN_IF_ERROR(CheckLanes(options, ranks.back()));
  return ranks;
}

}  // namespace lockstep::cluster
