// SPDX-License-Identifier: Apache-2.0
#include "graph/ir/liveness.h"

namespace lockstep::graph {

std::vector<int32_t> LastUses(const Graph& graph) {
  std::vector<int32_t> last(static_cast<size_t>(graph.value_count()), -1);
  for (size_t i = 0; i < graph.nodes().size(); ++i) {
    const Node& node = graph.nodes()[i];
    for (Value v : node.out) last[static_cast<size_t>(v.id)] = static_cast<int32_t>(i);
    for (Value v : node.in) last[static_cast<size_t>(v.id)] = static_cast<int32_t>(i);
  }
  return last;
}

}  // namespace lockstep::graph
