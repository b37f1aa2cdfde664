// SPDX-License-Identifier: Apache-2.0
// Common subexpressions: of two nodes with the same op, attributes (bit for bit) and inputs the
// later goes, and what read it reads the first. The first one's path stays. Random ops are never
// merged, even if path, attributes and inputs are equal, nor is a recomputed node, which is there
// on purpose. The pass runs before autodiff, since merging changes the order of sums at a fork.
#pragma once

#include "graph/passes/graph_copy.h"

namespace lockstep::graph {

Rewritten MergeCommonSubexpressions(const Graph& graph);

}  // namespace lockstep::graph
