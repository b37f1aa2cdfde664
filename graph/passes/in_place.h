// SPDX-License-Identifier: Apache-2.0
// In place: an output takes over the buffer of an input where its op says that they may be one
// (Op::may_alias) and the kernel chosen for it can run so, the input is read there once and nowhere
// afterwards, and both are as large. Of the inputs an output may take, the first in the op's order
// is taken; no two outputs share one.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "graph/ir/graph.h"

namespace lockstep::graph {

// For each value the value whose buffer it takes over, or an invalid one. `in_arena[v]`: the plan
// gives the value its memory; arguments and results have an owner and take no part. `can(node,
// pair)`: whether the kernel of that node can run in place by that pair of its op's may_alias;
// null: all can.
std::vector<Value> TakeOvers(const Graph& graph, const std::vector<bool>& in_arena,
                             const std::function<bool(size_t node, size_t pair)>& can = nullptr);

}  // namespace lockstep::graph
