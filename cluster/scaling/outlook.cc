// SPDX-License-Identifier: Apache-2.0
#include "cluster/scaling/outlook.h"

#include <algorithm>

#include "base/format.h"
#include "comm/reduce/canonical_tree.h"

namespace lockstep::cluster {
namespace {

double ImagesASecond(const Outlook& outlook, const Arrangement& at, double step_ms) {
  return 1e3 * static_cast<double>(at.lanes) * static_cast<double>(outlook.lane_batch) / step_ms;
}

void PrintStep(const Outlook& outlook, const Workload& work, const Arrangement& at,
               std::string* text) {
  const StepTime time = outlook.model.Predict(work, at, outlook.network);
  const double alone = outlook.model.Predict(work, {1, at.lanes}, outlook.network).total();
  const int32_t nodes = (at.ranks - 1) / outlook.network.ranks_per_node + 1;
  *text +=
      Format("  %6d %8d %10.3f %10.3f %10.3f %10.0f %9.2f %10.2f\n", at.ranks, nodes, time.total(),
             time.compute, time.exchange, ImagesASecond(outlook, at, time.total()),
             alone / time.total(), alone / time.total() / at.ranks);
}

// Lanes of which every rank of 1, 2 and 4 such machines has the same number.
void PrintLanes(const Outlook& outlook, std::string* text) {
  const int32_t node = outlook.network.ranks_per_node;
  *text += Format(
      "V that would serve machines of %d ranks: each rank has as many lanes as every other on 1, 2 "
      "and 4 of them\n  %6s  lanes of a rank, and bytes moved relative to a ring's\n",
      node, "V");
  for (const int32_t times : {2, 4, 8}) {
    const int64_t lanes = int64_t{node} * times;
    if (lanes > kMostLanes) break;
    *text += Format("  %6d", static_cast<int>(lanes));
    for (const int32_t nodes : {1, 2, 4}) {
      const int64_t ranks = int64_t{node} * nodes;
      if (ranks > lanes) break;
      *text += Format(
          "  W=%d: %d, %.2f", static_cast<int>(ranks), static_cast<int>(lanes / ranks),
          comm::ExchangeCostFactor(static_cast<int32_t>(lanes), static_cast<int32_t>(ranks)));
    }
    *text += "\n";
  }
}

}  // namespace

ScalingModel ModelOfLane(double lane_ms, const Network& network) {
  ScalingModel model;
  model.lane_ms = lane_ms;
  model.latency_ms = network.latency_ms;
  model.ms_per_mb = 1.0 / network.gb_per_second;
  return model;
}

Result<std::string> OutlookText(const Outlook& outlook) {
  const Arrangement& at = outlook.at;
  if (at.ranks < 1 || at.ranks > at.lanes) {
    return InvalidArgument(
        std::to_string(at.ranks) + " ranks cannot share " + std::to_string(at.lanes) +
        " lanes; take from 1 to " + std::to_string(at.lanes) +
        " ranks, or batch.lanes=" + std::to_string(std::max(1, at.ranks)) + " (new mathematics)");
  }
  if (at.lanes > kMostLanes) {
    return InvalidArgument("batch.lanes=" + std::to_string(at.lanes) + ": expected at most " +
                           std::to_string(kMostLanes) + "; take larger lanes instead");
  }
  const Workload work = OnMachinesOf(outlook.network, outlook.work);
  std::string text = Format(
      "prediction for V = %d lanes of %lld images over %s; constants %s\n  %6s %8s %10s %10s %10s "
      "%10s %9s %10s\n",
      at.lanes, static_cast<long long>(outlook.lane_batch), NetworkText(outlook.network).c_str(),
      outlook.from.c_str(), "W", "machines", "step ms", "compute", "exchange", "images/s",
      "speed-up", "efficiency");
  PrintStep(outlook, work, at, &text);
  for (int64_t ranks = outlook.network.ranks_per_node; ranks <= at.lanes; ranks *= 2) {
    if (ranks != at.ranks) PrintStep(outlook, work, {static_cast<int32_t>(ranks), at.lanes}, &text);
  }
  text += Format("  W = %d: T = %lld maximal subtrees, bytes moved relative to a ring's %.2f\n",
                 at.ranks, static_cast<long long>(SubtreesOf(at)),
                 comm::ExchangeCostFactor(at.lanes, at.ranks));
  PrintLanes(outlook, &text);
  return text;
}

}  // namespace lockstep::cluster
