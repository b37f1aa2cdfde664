// SPDX-License-Identifier: Apache-2.0
#include "storage/order/lane_shards.h"

#include <set>

namespace lockstep::storage {

std::vector<Range> ShardsOfLanes(const EpochOrder& order, Range lanes) {
  const int64_t size = order.spec().shard_size;
  std::set<int64_t> shards;
  for (int64_t l = lanes.begin; l < lanes.end; ++l) {
    const Lane lane(static_cast<int32_t>(l));
    for (int64_t window = 0; window < order.WindowsOf(lane); ++window) {
      for (const IdRun& run : order.WindowRuns(lane, window)) {
        const auto first = static_cast<int64_t>(run.first);
        for (int64_t s = first / size; s <= (first + run.count - 1) / size; ++s) shards.insert(s);
      }
    }
  }
  std::vector<Range> ranges;
  for (const int64_t shard : shards) {
    if (ranges.empty() || ranges.back().end != shard) ranges.push_back({shard, shard});
    ranges.back().end = shard + 1;
  }
  return ranges;
}

}  // namespace lockstep::storage
