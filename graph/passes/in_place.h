// SPDX-License-Identifier: Apache-2.0
// In place: an output takes over the buffer of an input where its op says that they may be one
// (Op::may_alias), the input is read there once and nowhere afterwards, and both are as large. Of
// the inputs an output may take, the first in the op's order is taken; no two outputs share one.
#pragma once

#include <vector>

#include "graph/ir/graph.h"

namespace lockstep::graph {

// For each value the value whose buffer it takes over, or an invalid one. `in_arena[v]`: the plan
// gives the value its memory; arguments and results have an owner and take no part.
std::vector<Value> TakeOvers(const Graph& graph, const std::vector<bool>& in_arena);

}  // namespace lockstep::graph
