// SPDX-License-Identifier: Apache-2.0
// The static memory plan: offsets in one arena for buffers whose lifetimes are known. Greedy by
// size, lowest fitting offset first (Pisarchyk and Lee, "Efficient memory management for deep
// neural net inference", 2020). A pure function.
#pragma once

#include <cstdint>
#include <vector>

namespace lockstep::graph {

inline constexpr int64_t kBufferAlignment = 64;  // bytes; also between a tensor's end and the next

// A buffer alive while nodes first_node .. last_node (inclusive) run.
struct BufferLife {
  int64_t bytes = 0;
  int32_t first_node = 0;
  int32_t last_node = 0;
};

struct MemoryPlan {
  std::vector<int64_t> offsets;  // of each buffer, aligned
  int64_t arena_bytes = 0;       // the peak
  int64_t lower_bound = 0;       // largest sum of bytes alive at one node: no plan can be smaller
};

MemoryPlan PlanMemory(const std::vector<BufferLife>& buffers);

}  // namespace lockstep::graph
