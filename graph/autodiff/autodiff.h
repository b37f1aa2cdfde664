// SPDX-License-Identifier: Apache-2.0
// Reverse-mode differentiation: extends a graph by the gradients of one scalar value. Each op says
// its own rule (Op::grad); this file only walks the graph and adds contributions at forks.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "graph/ir/builder.h"

namespace lockstep::graph {

// Emits d(sum of seed * root) / d(wrt[i]) for every i. Nodes are visited in descending order of
// creation, and contributions to one value are added in that order: descending creation index of
// the consumers, within one consumer by ascending input index. Nothing is emitted for values on no
// path from wrt to root. A wrt the root does not depend on is a failure of the builder that names
// the argument.
std::vector<Value> Gradients(GraphBuilder* builder, Value root, Value seed,
                             std::span<const Value> wrt);

// A lane graph names its gradients' results so: the prefix, then the parameter.
inline constexpr std::string_view kGradientPrefix = "grad:";

// The forward half of a lane graph: its first nodes, up to the last one that makes a result other
// than a gradient. The backward half is what Gradients appended.
size_t ForwardNodes(const Graph& lane);

}  // namespace lockstep::graph
