// SPDX-License-Identifier: Apache-2.0
// Liveness: where a value is used last. A graph is a straight line, so this is all there is to
// know.
#pragma once

#include <cstdint>
#include <vector>

#include "graph/ir/graph.h"

namespace lockstep::graph {

// For each value the index of the last node that makes or reads it; -1 for an argument that is not
// read.
std::vector<int32_t> LastUses(const Graph& graph);

}  // namespace lockstep::graph
