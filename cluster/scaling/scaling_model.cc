// SPDX-License-Identifier: Apache-2.0
#include "cluster/scaling/scaling_model.h"

#include <algorithm>
#include <limits>

#include "base/check.h"
#include "base/spread.h"
#include "cluster/scaling/least_squares.h"
#include "comm/reduce/canonical_tree.h"

namespace lockstep::cluster {
namespace {

constexpr double kMegabyte = 1e6;

// What the formulas take of an arrangement; see the head of scaling_model.h.
struct Terms {
  double rounds = 1.0;  // r
  double share = 1.0;   // s
  double busy = 0.0;    // b
  double here = 0.0;    // of a rank's W - 1 peers those on its machine
  double elsewhere = 0.0;
  double exchanges = 1.0;  // messages to each peer
  double megabytes = 0.0;  // that a rank sends
};

int32_t CeilDiv(int32_t a, int32_t b) { return (a + b - 1) / b; }

Terms TermsOf(const Workload& work, const Arrangement& at, int32_t ranks_per_node) {
  Terms terms;
  const int32_t on_node = std::min(at.ranks, ranks_per_node);
  const double wanted = static_cast<double>(on_node) * work.rank_cores;
  const double cores = std::max(1, work.machine_cores);
  terms.rounds = CeilDiv(CeilDiv(at.lanes, at.ranks), std::max(1, work.lanes_at_once));
  terms.share = std::max(1.0, wanted / cores);
  if (cores > work.rank_cores) {
    terms.busy = (std::min(wanted, cores) - work.rank_cores) / (cores - work.rank_cores);
  }
  terms.here = on_node - 1;
  terms.elsewhere = at.ranks - on_node;
  terms.exchanges =
      1.0 + 2.0 * static_cast<double>(work.buckets) + (work.running_state ? 2.0 : 0.0);
  const double ranks = at.ranks;
  terms.megabytes = static_cast<double>(work.parameter_bytes) / kMegabyte * (ranks - 1) / ranks *
                    (1.0 + static_cast<double>(SubtreesOf(at)) / ranks);
  return terms;
}

Terms TermsHere(const Workload& work, const Arrangement& at) { return TermsOf(work, at, at.ranks); }

void FitCompute(const Workload& work, const std::vector<MeasuredPoint>& points,
                ScalingModel* model) {
  std::vector<std::vector<double>> rows;
  std::vector<double> values;
  for (const MeasuredPoint& point : points) {
    if (!(point.compute > 0)) continue;
    const Terms t = TermsHere(work, point.at);
    rows.push_back({t.share * t.rounds, t.share * t.rounds * t.busy, t.share});
    values.push_back(point.compute);
  }
  const std::vector<double> x = FitNonNegative(rows, values);
  if (x.empty()) return;
  model->lane_ms = x[0];
  model->crowd = x[0] > 0 ? x[1] / x[0] : 0.0;
  model->fixed_ms = x[2];
}

void FitExchange(const Workload& work, const std::vector<MeasuredPoint>& points,
                 ScalingModel* model) {
  std::vector<std::vector<double>> rows;
  std::vector<double> values, overlaps, rests;
  for (const MeasuredPoint& point : points) {
    const Terms t = TermsHere(work, point.at);
    for (const MeasuredPoint::Message& message : point.messages) {
      if (!(message.ms > 0)) continue;
      const double peers = t.here;
      rows.push_back({t.share * peers, t.share * peers * message.bytes / kMegabyte});
      values.push_back(message.ms);
    }
    if (point.at.ranks > 1 && point.exposed + point.hidden > 0) {
      overlaps.push_back(point.hidden / (point.exposed + point.hidden));
    }
  }
  const std::vector<double> x = FitNonNegative(rows, values);
  if (!x.empty()) {
    model->latency_ms = x[0];
    model->ms_per_mb = x[1];
  }
  if (overlaps.empty()) return;
  model->overlap = SpreadOf(overlaps).median;
  for (const MeasuredPoint& point : points) {
    if (point.at.ranks == 1) continue;
    const Terms t = TermsHere(work, point.at);
    const double moved = model->latency_ms * t.exchanges * t.here + model->ms_per_mb * t.megabytes;
    rests.push_back(point.exposed / t.share - moved * (1.0 - model->overlap));
  }
  model->sync_ms = std::max(0.0, SpreadOf(rests).median);
}

void FitDigest(const Workload& work, const std::vector<MeasuredPoint>& points,
               ScalingModel* model) {
  std::vector<std::vector<double>> rows;
  std::vector<double> values, inputs;
  for (const MeasuredPoint& point : points) {
    inputs.push_back(point.input);
    if (!(point.digest > 0)) continue;
    rows.push_back({TermsHere(work, point.at).share / point.at.ranks, 1.0});
    values.push_back(point.digest);
  }
  model->input_ms = SpreadOf(inputs).median;
  const std::vector<double> x = FitNonNegative(rows, values);
  if (x.empty()) return;
  model->hash_ms = x[0];
  model->hash_fixed_ms = x[1];
}

}  // namespace

int64_t SubtreesOf(const Arrangement& at) {
  return static_cast<int64_t>(comm::AllMaximalSubtrees(at.ranks, at.lanes).size());
}

Workload OnMachinesOf(const Network& network, Workload work) {
  const int64_t cores = int64_t{network.ranks_per_node} * work.rank_cores;
  work.machine_cores = static_cast<int32_t>(
      std::clamp<int64_t>(cores, work.machine_cores, std::numeric_limits<int32_t>::max()));
  return work;
}

StepTime ScalingModel::Predict(const Workload& work, const Arrangement& at,
                               const std::optional<Network>& network) const {
  CHECK(at.ranks >= 1 && at.ranks <= at.lanes) << at.ranks << " ranks, " << at.lanes << " lanes";
  const Terms t = TermsOf(work, at, network ? network->ranks_per_node : at.ranks);
  StepTime time;
  time.compute = t.share * (lane_ms * t.rounds * (1.0 + crowd * t.busy) + fixed_ms);
  time.digest = t.share * hash_ms / at.ranks + hash_fixed_ms;
  time.input = input_ms;
  if (at.ranks == 1) return time;
  const double peers = t.here + t.elsewhere;
  const double here = latency_ms * t.exchanges * t.here + ms_per_mb * t.megabytes * t.here / peers;
  time.exchange = t.share * (here * (1.0 - overlap) + sync_ms);
  if (network && t.elsewhere > 0) {
    const double megabytes_of_node = (t.here + 1) * t.megabytes * t.elsewhere / peers;
    time.exchange += network->latency_ms * t.exchanges * t.elsewhere +
                     megabytes_of_node / network->gb_per_second;  // MB / (GB/s) = ms
  }
  return time;
}

ScalingModel FitModel(const Workload& work, const std::vector<MeasuredPoint>& points) {
  CHECK(!points.empty());
  ScalingModel model;
  FitCompute(work, points, &model);
  FitExchange(work, points, &model);
  FitDigest(work, points, &model);
  return model;
}

}  // namespace lockstep::cluster
