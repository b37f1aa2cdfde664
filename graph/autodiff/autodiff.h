// SPDX-License-Identifier: Apache-2.0
// Reverse-mode differentiation: extends a graph by the gradients of one scalar value. Each op says
// its own rule (Op::grad); this file only walks the graph and adds contributions at forks.
#pragma once

#include <span>
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

}  // namespace lockstep::graph
