// SPDX-License-Identifier: Apache-2.0
// The memory of a graph's values where no kernels are chosen: for devices whose kernels are not
// there.
#pragma once

#include <cstdint>

#include "graph/ir/graph.h"
#include "graph/plan/memory.h"

namespace lockstep::graph {

// A place for every value that is neither an argument nor a result, each in a buffer of its own and
// none of them in place: what a plan needs at most, but for the workspaces of its kernels.
MemoryPlan PlanActivations(const Graph& graph, int64_t alignment);

}  // namespace lockstep::graph
