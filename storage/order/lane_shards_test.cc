// SPDX-License-Identifier: Apache-2.0
#include "storage/order/lane_shards.h"

#include <gtest/gtest.h>

#include <set>

namespace lockstep::storage {
namespace {

TEST(LaneShardsTest, AreThoseInWhichTheLanesSamplesLieAndNoOthers) {
  const OrderSpec spec = {.samples = 1003,
                          .shard_size = 16,
                          .window_shards = 2,
                          .lanes = 5,
                          .lane_batch = 7,
                          .seed = 3};
  EpochOrder order(spec, Epoch(2));
  for (const Range lanes : {Range{0, 1}, {1, 4}, {0, 5}}) {
    std::set<int64_t> needed;
    for (int64_t lane = lanes.begin; lane < lanes.end; ++lane) {
      for (const uint64_t id : order.LaneIds(Lane(static_cast<int32_t>(lane)))) {
        needed.insert(static_cast<int64_t>(id) / spec.shard_size);
      }
    }
    std::set<int64_t> found;
    int64_t end = -1;
    for (const Range range : ShardsOfLanes(order, lanes)) {
      EXPECT_GT(range.begin, end) << "ranges that touch are one";
      end = range.end;
      for (int64_t shard = range.begin; shard < range.end; ++shard) found.insert(shard);
    }
    EXPECT_EQ(found, needed);
  }
}

}  // namespace
}  // namespace lockstep::storage
