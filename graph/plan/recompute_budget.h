// SPDX-License-Identifier: Apache-2.0
// Which values to recompute so that a lane's arena keeps within a budget. The choice is greedy:
// while the peak is above the budget, look at the forward values that are alive there only for the
// backward half, and drop the one that costs the fewest FLOPs for each byte it frees; a choice that
// raises the peak is taken back. It is made from nothing and from the values that DroppedByBlocks
// names, and the cheaper set within the budget is taken. A pure function.
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

// `workspace_bytes` has one entry per node. Where no choice found is within the budget, the result
// is the one with the lowest peak. Nothing is dropped where nothing needs to be.
RecomputeChoice ChooseWithinBudget(const Graph& graph, size_t forward_nodes,
                                   const std::vector<int64_t>& workspace_bytes,
                                   int64_t budget_bytes);

}  // namespace lockstep::graph
