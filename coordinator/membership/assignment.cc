// SPDX-License-Identifier: Apache-2.0
#include "coordinator/membership/assignment.h"

#include <set>

#include "comm/reduce/canonical_tree.h"
#include "storage/order/epoch_order.h"

namespace lockstep::coordinator {
namespace {

std::vector<Range> RangesOf(const std::set<int64_t>& numbers) {
  std::vector<Range> ranges;
  for (const int64_t number : numbers) {
    if (ranges.empty() || ranges.back().end != number) ranges.push_back({number, number});
    ranges.back().end = number + 1;
  }
  return ranges;
}

std::vector<Range> ShardsOf(const storage::EpochOrder& order, Range lanes) {
  const int64_t size = order.spec().shard_size;
  std::set<int64_t> shards;
  for (int64_t l = lanes.begin; l < lanes.end; ++l) {
    const Lane lane(static_cast<int32_t>(l));
    for (int64_t window = 0; window < order.WindowsOf(lane); ++window) {
      for (const storage::IdRun& run : order.WindowRuns(lane, window)) {
        const auto first = static_cast<int64_t>(run.first);
        for (int64_t s = first / size; s <= (first + run.count - 1) / size; ++s) shards.insert(s);
      }
    }
  }
  return RangesOf(shards);
}

}  // namespace

Result<std::vector<comm::Assignment>> AssignmentsOf(const comm::RunInfo& run, int32_t world_size,
                                                    Epoch epoch, const comm::Assignment& common) {
  const storage::OrderSpec spec = {.samples = run.samples,
                                   .shard_size = run.shard_size,
                                   .window_shards = run.window_shards,
                                   .lanes = run.lanes,
                                   .lane_batch = run.lane_batch,
                                   .seed = run.seed};
  RETURN_IF_ERROR(Validate(spec));
  if (world_size < 1 || world_size > run.lanes) {
    return InvalidArgument(std::to_string(world_size) + " ranks cannot share " +
                           std::to_string(run.lanes) + " lanes: at most one rank a lane");
  }
  const storage::EpochOrder order(spec, epoch);
  std::vector<comm::Assignment> assignments(static_cast<size_t>(world_size), common);
  for (int32_t rank = 0; rank < world_size; ++rank) {
    comm::Assignment& assignment = assignments[static_cast<size_t>(rank)];
    assignment.lanes = comm::LanesOfRank(Rank(rank), world_size, run.lanes);
    if (!common.finished) assignment.shards = ShardsOf(order, assignment.lanes);
  }
  return assignments;
}

}  // namespace lockstep::coordinator
