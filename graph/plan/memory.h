// SPDX-License-Identifier: Apache-2.0
// The static memory plan: offsets in one arena for buffers whose lifetimes are known. It is a pure
// function that reads no clock: the same buffers get the same offsets anywhere.
//
// Buffers are placed one after another, each where it fits between those alive with it: in the
// tightest gap or in the lowest. Several orders are tried (those of the fullest node first, and
// largest first: Pisarchyk and Lee, "Efficient memory management for deep neural net inference",
// 2020; largest area first; longest life first; order of birth). From the best one hill climbing
// goes on: by turns a buffer at the top of the arena and any buffer move ahead of others in the
// order, with Philox's numbers, and what is no worse stays. It ends at a fixed number of tries, or
// as soon as the peak is within a hundredth of the lower bound.
#pragma once

#include <cstdint>
#include <vector>

namespace lockstep::graph {

// Bytes, of a CPU (DeviceSpec::buffer_alignment); also between a tensor's end and the next.
inline constexpr int64_t kBufferAlignment = 64;

// `bytes` up to the next multiple of the alignment: what a buffer takes of the arena.
constexpr int64_t Aligned(int64_t bytes, int64_t alignment = kBufferAlignment) {
  return (bytes + alignment - 1) / alignment * alignment;
}

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

// `alignment`: a power of two, kBufferAlignment at least.
MemoryPlan PlanMemory(std::vector<BufferLife> buffers, int64_t alignment = kBufferAlignment);

// The first node at which the most bytes are alive; -1 without buffers.
int32_t PeakNode(const std::vector<BufferLife>& buffers);

}  // namespace lockstep::graph
