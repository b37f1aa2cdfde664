// SPDX-License-Identifier: Apache-2.0
#include "coordinator/membership/assignment.h"

#include <gtest/gtest.h>

#include <set>

#include "storage/order/epoch_order.h"

namespace lockstep::coordinator {
namespace {

comm::RunInfo SomeRun() {
  comm::RunInfo run;
  run.samples = 1000;
  run.shard_size = 16;
  run.window_shards = 2;
  run.lane_batch = 5;
  run.lanes = 8;
  run.seed = 3;
  return run;
}

std::set<int64_t> NumbersOf(const std::vector<Range>& ranges) {
  std::set<int64_t> numbers;
  int64_t last = -1;
  for (const Range& range : ranges) {
    EXPECT_GT(range.begin, last) << "runs are increasing and do not touch";
    EXPECT_LT(range.begin, range.end);
    for (int64_t n = range.begin; n < range.end; ++n) numbers.insert(n);
    last = range.end;
  }
  return numbers;
}

TEST(AssignmentsOf, EveryLaneIsOfOneRankAndItsShardsHoldItsSamples) {
  const comm::RunInfo run = SomeRun();
  storage::EpochOrder order({.samples = run.samples,
                             .shard_size = run.shard_size,
                             .window_shards = run.window_shards,
                             .lanes = run.lanes,
                             .lane_batch = run.lane_batch,
                             .seed = run.seed},
                            Epoch(2));
  for (int32_t world_size = 1; world_size <= run.lanes; ++world_size) {
    const auto assignments = AssignmentsOf(run, world_size, Epoch(2), {.branch = 4});
    ASSERT_TRUE(assignments.ok()) << assignments.status();
    ASSERT_EQ(assignments->size(), static_cast<size_t>(world_size));
    int64_t next_lane = 0;
    std::set<int64_t> all;
    for (const comm::Assignment& assignment : *assignments) {
      EXPECT_EQ(assignment.branch, 4);
      EXPECT_EQ(assignment.lanes.begin, next_lane);
      next_lane = assignment.lanes.end;
      std::set<int64_t> needed;
      for (int64_t l = assignment.lanes.begin; l < assignment.lanes.end; ++l) {
        for (const uint64_t id : order.LaneIds(Lane(static_cast<int32_t>(l)))) {
          needed.insert(static_cast<int64_t>(id) / run.shard_size);
        }
      }
      EXPECT_EQ(NumbersOf(assignment.shards), needed);
      all.insert(needed.begin(), needed.end());
    }
    EXPECT_EQ(next_lane, run.lanes);
    EXPECT_EQ(all.size(), 63u);
  }
}

TEST(AssignmentsOf, FinishedRunHasNoShards) {
  const auto assignments = AssignmentsOf(SomeRun(), 2, Epoch(0), {.finished = true});
  ASSERT_TRUE(assignments.ok());
  EXPECT_TRUE((*assignments)[0].shards.empty());
  EXPECT_EQ((*assignments)[1].lanes, (Range{4, 8}));
}

TEST(AssignmentsOf, WhatCannotBeDealtIsRefused) {
  EXPECT_EQ(AssignmentsOf(SomeRun(), 9, Epoch(0), {}).status().code(),
            StatusCode::kInvalidArgument);
  comm::RunInfo run = SomeRun();
  run.window_shards = int64_t{1} << 40;
  EXPECT_EQ(AssignmentsOf(run, 1, Epoch(0), {}).status().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace lockstep::coordinator
