// SPDX-License-Identifier: Apache-2.0
#include "graph/plan/memory.h"

#include <gtest/gtest.h>

#include <algorithm>

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

std::vector<BufferLife> RandomLives(uint32_t trial) {
  std::vector<BufferLife> buffers;
  for (uint32_t i = 0; i < 60; ++i) {
    const PhiloxCounter w = Philox4x32({trial, i, 0, 0}, {1, 2});
    const int32_t first = static_cast<int32_t>(w[0] % 50);
    buffers.push_back(
        {static_cast<int64_t>(w[1] % 5000), first, first + static_cast<int32_t>(w[2] % 20)});
  }
  return buffers;
}

TEST(PlanMemory, RandomLivesNeverOverlap) {
  for (uint32_t trial = 0; trial < 50; ++trial) {
    const std::vector<BufferLife> buffers = RandomLives(trial);
    ExpectValid(buffers, PlanMemory(buffers));
  }
}

// The peak when the largest are placed first, each as low as it fits: what search starts from.
int64_t LargestFirstPeak(std::vector<BufferLife> buffers) {
  std::stable_sort(buffers.begin(), buffers.end(),
                   [](const auto& a, const auto& b) { return a.bytes > b.bytes; });
  std::vector<int64_t> offsets;
  int64_t peak = 0;
  for (size_t i = 0; i < buffers.size(); ++i) {
    int64_t at = 0;
    for (bool moved = true; moved;) {
      moved = false;
      for (size_t j = 0; j < i; ++j) {
        const bool together = buffers[i].first_node <= buffers[j].last_node &&
                              buffers[j].first_node <= buffers[i].last_node;
        if (!together || at + buffers[i].bytes <= offsets[j] ||
            offsets[j] + buffers[j].bytes <= at) {
          continue;
        }
        at = Aligned(offsets[j] + buffers[j].bytes);
        moved = true;
      }
    }
    offsets.push_back(at);
    peak = std::max(peak, at + Aligned(buffers[i].bytes));
  }
  return peak;
}

TEST(PlanMemory, SearchIsNeverWorseThanLargestFirstAndMostlyBetter) {
  int better = 0;
  for (uint32_t trial = 0; trial < 30; ++trial) {
    const std::vector<BufferLife> buffers = RandomLives(trial);
    const MemoryPlan plan = PlanMemory(buffers);
    const int64_t largest_first = LargestFirstPeak(buffers);
    EXPECT_LE(plan.arena_bytes, largest_first) << trial;
    better += plan.arena_bytes < largest_first;
  }
  EXPECT_GT(better, 20);
}

TEST(PlanMemory, ThePeakIsTheFirstNodeWithTheMostBytesAlive) {
  EXPECT_EQ(PeakNode({{640, 0, 1}, {640, 2, 4}, {128, 3, 3}, {128, 4, 4}}), 3);
  EXPECT_EQ(PeakNode({}), -1);
}

}  // namespace
}  // namespace lockstep::graph
