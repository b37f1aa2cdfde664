// SPDX-License-Identifier: Apache-2.0
// Expansion: replaces fused nodes by their composed form (Op::expand), the reverse of fusion. A
// plan for a device that has no kernel for a fused op is made of the parts.
#pragma once

#include <vector>

#include "graph/ir/graph.h"
#include "graph/passes/graph_copy.h"
#include "ops/core/registry.h"

namespace lockstep::graph {

// `expanded[i]`: node i is replaced; its op has an `expand`. Its parts stand where it stood, under
// its path.
Rewritten Expand(const Graph& graph, const std::vector<bool>& expanded,
                 const ops::OpRegistry& registry = ops::OpRegistry::Global());

}  // namespace lockstep::graph
