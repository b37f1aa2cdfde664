// SPDX-License-Identifier: Apache-2.0
// Constant folding. A constant of this IR is a `fill`: a tensor whose elements are all one number.
// A node whose inputs are all constants is run once, here, by its reference kernel; where all of
// its outputs are floating-point, finite and uniform bit for bit, each becomes a `fill` at the
// node's path. Anything else stays as it is: there is no other form of a constant. Random ops
// are not folded, nor nodes that touch more than kMostFoldedElements elements, which would take
// long to run here.
//
// The pass runs before autodiff, and not with reference kernels, since its bits may differ.
#pragma once

#include <cstdint>

#include "graph/passes/graph_copy.h"
#include "ops/core/registry.h"

namespace lockstep::graph {

inline constexpr int64_t kMostFoldedElements = int64_t{1} << 20;  // of inputs and outputs

Rewritten FoldConstants(const Graph& graph,
                        const ops::OpRegistry& registry = ops::OpRegistry::Global());

}  // namespace lockstep::graph
