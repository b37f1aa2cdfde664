// SPDX-License-Identifier: Apache-2.0
// The verifier: holds a graph to graph/ir/spec.md. It is run after every pass in tests, and once on
// every graph before a plan is made.
#pragma once

#include "graph/ir/graph.h"

namespace lockstep::graph {

Status VerifyGraph(const Graph& graph);

}  // namespace lockstep::graph
