// SPDX-License-Identifier: Apache-2.0
// Which values to recompute so that a lane's arena keeps within a budget. Greedy: while the peak is
// above it, of the forward values that are alive at the peak only for the backward half, the one is
// dropped that costs the fewest FLOPs for each byte it frees; a choice that raises the peak is
// taken back. Tried from nothing and from the values that DroppedByBlocks names; the cheaper set
// within the budget is taken. A pure function.
#pragma once

#include <cstdint>
#include <vector>

#include "graph/ir/graph.h"

namespace lockstep::graph {

struct RecomputeChoice {
  std::vector<bool> dropped;  // as Recompute takes it
  int64_t peak_bytes = 0;     // largest sum of bytes alive at one node, in-place counted
  int64_t flops = 0;          // of what runs again
};

// `workspace_bytes` by node. The result's peak is above the budget where no choice found is within:
// then it is the lowest peak found. A forward half of which nothing needs to be dropped drops
// nothing.
RecomputeChoice ChooseWithinBudget(const Graph& graph, size_t forward_nodes,
                                   const std::vector<int64_t>& workspace_bytes,
                                   int64_t budget_bytes);

}  // namespace lockstep::graph
