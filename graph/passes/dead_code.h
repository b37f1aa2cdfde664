// SPDX-License-Identifier: Apache-2.0
// Dead code: drops nodes from which no result is reached. Arguments stay, so the order in which a
// graph's caller binds them does not change.
#pragma once

#include "graph/ir/graph.h"

namespace lockstep::graph {

Graph RemoveDeadCode(const Graph& graph);

}  // namespace lockstep::graph
