// SPDX-License-Identifier: Apache-2.0
#include "graph/plan/memory.h"

#include <gtest/gtest.h>

#include "base/philox.h"

namespace lockstep::graph {
namespace {

// Every pair of buffers alive at one node lies apart, all inside the arena.
void ExpectValid(const std::vector<BufferLife>& buffers, const MemoryPlan& plan) {
  for (size_t i = 0; i < buffers.size(); ++i) {
    EXPECT_EQ(plan.offsets[i] % kBufferAlignment, 0);
    EXPECT_LE(plan.offsets[i] + buffers[i].bytes, plan.arena_bytes);
    for (size_t j = 0; j < i; ++j) {
      if (buffers[i].first_node > buffers[j].last_node ||
          buffers[j].first_node > buffers[i].last_node) {
        continue;
      }
      EXPECT_TRUE(plan.offsets[i] + buffers[i].bytes <= plan.offsets[j] ||
                  plan.offsets[j] + buffers[j].bytes <= plan.offsets[i])
          << i << " and " << j;
    }
  }
  EXPECT_GE(plan.arena_bytes, plan.lower_bound);
}

TEST(PlanMemory, DisjointLivesShareMemory) {
  const std::vector<BufferLife> buffers = {{640, 0, 1}, {640, 2, 3}, {64, 0, 3}};
  const MemoryPlan plan = PlanMemory(buffers);
  ExpectValid(buffers, plan);
  EXPECT_EQ(plan.arena_bytes, 704);
  EXPECT_EQ(plan.lower_bound, 704);
}

TEST(PlanMemory, NothingNeedsNothing) {
  const MemoryPlan plan = PlanMemory({});
  EXPECT_EQ(plan.arena_bytes, 0);
  EXPECT_EQ(plan.lower_bound, 0);
}

TEST(PlanMemory, RandomLivesNeverOverlap) {
  for (uint32_t trial = 0; trial < 200; ++trial) {
    std::vector<BufferLife> buffers;
    for (uint32_t i = 0; i < 60; ++i) {
      const PhiloxCounter w = Philox4x32({trial, i, 0, 0}, {1, 2});
      const int32_t first = static_cast<int32_t>(w[0] % 50);
      buffers.push_back(
          {static_cast<int64_t>(w[1] % 5000), first, first + static_cast<int32_t>(w[2] % 20)});
    }
    ExpectValid(buffers, PlanMemory(buffers));
  }
}

}  // namespace
}  // namespace lockstep::graph
