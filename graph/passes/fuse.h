// SPDX-License-Identifier: Apache-2.0
// Fusion: replaces chains of nodes by the fused ops whose composed form they are. The pass names no
// op: it tries the chains that ops register (ops/core/op.h), longest first, and takes one where the
// intermediate values have no other reader and are no results, and where the fused op's `expand`
// gives exactly the chain.
//
// It runs on forward graphs, before gradients: the fused op's own gradient then emits its fused
// backward. It also runs on whole lanes, for the sums where gradients meet. The fused node
// stands where the chain's last node stood, under its first one's path.
#pragma once

#include "graph/ir/graph.h"
#include "graph/passes/graph_copy.h"
#include "ops/core/registry.h"

namespace lockstep::graph {

Rewritten Fuse(const Graph& graph, const ops::OpRegistry& registry = ops::OpRegistry::Global());

}  // namespace lockstep::graph
