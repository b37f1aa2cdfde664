// SPDX-License-Identifier: Apache-2.0
// Common subexpressions: of two nodes with the same op, attributes (bit for bit) and inputs the
// later goes, and what read it reads the first. The first one's path stays. Never two random ops,
// though path, attributes and inputs be equal, and never a recomputed node, which is there on
// purpose. Before autodiff: merging changes in which order contributions at a fork are added.
#pragma once

#include "graph/passes/graph_copy.h"

namespace lockstep::graph {

Rewritten MergeCommonSubexpressions(const Graph& graph);

}  // namespace lockstep::graph
