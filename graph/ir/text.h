// SPDX-License-Identifier: Apache-2.0
// The text form of a graph (graph/ir/spec.md). FromText(ToText(g)) == g for every graph.
#pragma once

#include <string>
#include <string_view>

#include "graph/ir/graph.h"
#include "ops/core/registry.h"

namespace lockstep::graph {

std::string ToText(const Graph& graph);

// Errors name the line. Types that the text states are checked against the ops' shape rules.
Result<Graph> GraphFromText(std::string_view text,
                            const ops::OpRegistry& registry = ops::OpRegistry::Global());

Result<TensorType> TensorTypeFromText(std::string_view text);  // "f32[32,28,28,1]"

}  // namespace lockstep::graph
