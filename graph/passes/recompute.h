// SPDX-License-Identifier: Apache-2.0
// Recomputation: values of the forward half of a lane graph that are dropped after it and made
// again where the backward half first wants them (Chen et al., "Training deep nets with sublinear
// memory cost", 2016). The copies of nodes stand before the backward node that wants them, are made
// once, and share attributes, path and types with their originals, hence the choice of kernel; a
// random op draws the same numbers again, since its path keys the stream. So no bit changes.
// Every op of a lane graph is pure; ops with state stand in the update graph only.
//
// A set of values says what is dropped. DroppedByBlocks below makes such a set, and so does the
// budget of graph/plan/recompute_budget.h.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "graph/ir/graph.h"

namespace lockstep::graph {

// A node of the graph, run a first time or again.
struct RecomputeStep {
  size_t node = 0;
  bool again = false;
};

// The order of nodes after recomputation. Where `dropped[v]` is set, the backward nodes, those from
// `forward_nodes` on, and the copies read v from a copy of its node. Only forward values may be
// dropped. Nothing makes a copy that nobody reads, so dropping more than the backward needs costs
// nothing.
std::vector<RecomputeStep> RecomputeSchedule(const Graph& graph, size_t forward_nodes,
                                             const std::vector<bool>& dropped);

// The graph in that order.
Graph Recompute(const Graph& graph, size_t forward_nodes, const std::vector<bool>& dropped);

// Blocks are told by scope paths. Leaving out the last part, which names the layer, a block is the
// path up to its first part that holds a digit, and the whole numbers that follow it:
//
//   layer1/0/conv1, layer1/0/downsample/0   layer1/0
//   features/3/1/block/2/fc1                features/3/1
//   encoder/layers/encoder_layer_7/ln_1     encoder/layers/encoder_layer_7
//   Mixed_5b/branch1x1/conv                 Mixed_5b
//   conv1, features/0, fc                   none
//
// and a node at the path of a block belongs to it. Gives for each forward node its block, or "".
std::vector<std::string> BlockOfNodes(const Graph& graph, size_t forward_nodes);

// The forward values inside blocks: all but a block's outputs (read by a forward node outside of
// it, or a result) and statistics (an eighth or less of what else their node makes). The last block
// keeps its values, since its backward comes first. Empty where the graph has fewer than two
// blocks.
std::vector<bool> DroppedByBlocks(const Graph& graph, size_t forward_nodes);

}  // namespace lockstep::graph
