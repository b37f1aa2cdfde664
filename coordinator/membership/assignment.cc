// SPDX-License-Identifier: Apache-2.0
#include "coordinator/membership/assignment.h"

#include "comm/reduce/canonical_tree.h"
#include "storage/order/lane_shards.h"

namespace lockstep::coordinator {
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
    if (!common.finished) assignment.shards = storage::ShardsOfLanes(order, assignment.lanes);
  }
  return assignments;
}

}  // namespace lockstep::coordinator
