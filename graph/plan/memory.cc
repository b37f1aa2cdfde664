// SPDX-License-Identifier: Apache-2.0
#include "graph/plan/memory.h"

#include <algorithm>
#include <numeric>

namespace lockstep::graph {
namespace {

int64_t Aligned(int64_t bytes) {
  return (bytes + kBufferAlignment - 1) / kBufferAlignment * kBufferAlignment;
}

bool Overlap(const BufferLife& a, const BufferLife& b) {
  return a.first_node <= b.last_node && b.first_node <= a.last_node;
}

int64_t LowerBound(const std::vector<BufferLife>& buffers) {
  int32_t last = -1;
  for (const BufferLife& b : buffers) last = std::max(last, b.last_node);
  std::vector<int64_t> change(static_cast<size_t>(last) + 2, 0);
  for (const BufferLife& b : buffers) {
    change[static_cast<size_t>(b.first_node)] += Aligned(b.bytes);
    change[static_cast<size_t>(b.last_node) + 1] -= Aligned(b.bytes);
  }
  int64_t live = 0, most = 0;
  for (int64_t c : change) most = std::max(most, live += c);
  return most;
}

// The lowest offset at which `size` bytes fit between the placed buffers, given sorted by offset.
int64_t LowestFit(int64_t size, const std::vector<std::pair<int64_t, int64_t>>& taken) {
  int64_t at = 0;
  for (const auto& [begin, end] : taken) {
    if (begin - at >= size) break;
    at = std::max(at, end);
  }
  return at;
}

}  // namespace

MemoryPlan PlanMemory(const std::vector<BufferLife>& buffers) {
  MemoryPlan plan;
  plan.offsets.assign(buffers.size(), 0);
  plan.lower_bound = LowerBound(buffers);
  std::vector<size_t> order(buffers.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return buffers[a].bytes > buffers[b].bytes; });
  std::vector<size_t> placed;
  for (size_t i : order) {
    std::vector<std::pair<int64_t, int64_t>> taken;
    for (size_t j : placed) {
      if (Overlap(buffers[i], buffers[j])) {
        taken.emplace_back(plan.offsets[j], plan.offsets[j] + Aligned(buffers[j].bytes));
      }
    }
    std::sort(taken.begin(), taken.end());
    plan.offsets[i] = LowestFit(Aligned(buffers[i].bytes), taken);
    plan.arena_bytes = std::max(plan.arena_bytes, plan.offsets[i] + Aligned(buffers[i].bytes));
    placed.push_back(i);
  }
  return plan;
}

}  // namespace lockstep::graph
