// SPDX-License-Identifier: Apache-2.0
// ScalingModel: how long a step takes on W ranks, by few constants that are fitted to measurements.
//
// A step is the sum of what the rank with the most lanes does:
//
//   compute   s (lane * r * (1 + crowd * b) + fixed)
//   exchange  s ((latency * m + bytes / rate) (1 - overlap) + sync)
//   digest    s (hash / W) + hash_fixed
//   input     as measured
//
//   r   rounds of lanes: ceil(ceil(V / W) / lanes at once)
//   s   the share of a core that is missing: max(1, n C / M), n ranks of C cores each on a
//       machine of M
//   b   how busy the other cores of the machine are, 0 to 1: (min(n C, M) - C) / (M - C)
//   m   messages of a rank: (1 + 2 buckets + 2 for running statistics) (W - 1)
//   bytes of a rank: (W - 1) / W P (1 + T / W); P: bytes of the parameters; T: the number of
//       maximal subtrees over all ranks, what the canonical sum costs
//       (comm/reduce/canonical_tree.h)
//
// Between machines, as a Network states it, messages and bytes to ranks elsewhere take its latency
// and their part of the machine's link instead, and nothing of that is taken to be hidden.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/status.h"
#include "cluster/scaling/network.h"

namespace lockstep::cluster {

// What is computed, whatever the number of ranks.
struct Workload {
  int64_t parameter_bytes = 0;  // P
  int64_t buckets = 1;
  bool running_state = false;
  int32_t rank_cores = 1;     // C
  int32_t lanes_at_once = 1;  // of a rank that has as many
  int32_t machine_cores = 1;  // M
};

inline constexpr int32_t kMostLanes = 65536;  // V, as recipes allow it

// W ranks that share V lanes.
struct Arrangement {
  int32_t ranks = 1;
  int32_t lanes = 1;
  bool operator==(const Arrangement&) const = default;
};

// Milliseconds.
struct StepTime {
  double compute = 0.0, exchange = 0.0, digest = 0.0, input = 0.0;
  double total() const { return compute + exchange + digest + input; }
};

// One measurement that the model is fitted to: medians.
struct MeasuredPoint {
  Arrangement at;
  double compute = 0.0, exposed = 0.0, hidden = 0.0, digest = 0.0, input = 0.0;
  // Messages of known sizes: bytes of each of a rank's W - 1, and how long all took.
  struct Message {
    double bytes = 0.0, ms = 0.0;
  };
  std::vector<Message> messages;
};

struct ScalingModel {
  double lane_ms = 0.0, crowd = 0.0, fixed_ms = 0.0;
  double latency_ms = 0.0, ms_per_mb = 0.0, overlap = 0.0, sync_ms = 0.0;
  double hash_ms = 0.0, hash_fixed_ms = 0.0;
  double input_ms = 0.0;

  // The ranks are on this machine, or, with a network, on as many like it as they need.
  StepTime Predict(const Workload& work, const Arrangement& at,
                   const std::optional<Network>& network = std::nullopt) const;
};

// The same work on machines of that network, which have cores for all of their ranks.
Workload OnMachinesOf(const Network& network, Workload work);

// T of the canonical sum.
int64_t SubtreesOf(const Arrangement& at);

// The constants that fit best, by least squares of relative errors, none of them negative. What the
// points cannot tell apart is left out: without points of several lane counts there is no `fixed`,
// and one rank alone says nothing of the exchange. At least one point.
ScalingModel FitModel(const Workload& work, const std::vector<MeasuredPoint>& points);

}  // namespace lockstep::cluster
