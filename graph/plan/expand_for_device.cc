// SPDX-License-Identifier: Apache-2.0
#include "graph/plan/expand_for_device.h"

#include <algorithm>
#include <utility>

#include "graph/passes/expand.h"
#include "graph/plan/kernel_choice.h"

namespace lockstep::graph {

Result<DeviceGraph> ExpandForDevice(const Graph& graph, const DeviceSpec& device,
                                    const ops::OpRegistry& registry) {
  DeviceGraph made{graph, {}};
  if (device.kind == DeviceKind::kCpu) return made;
  for (;;) {  // each turn replaces fused ops by parts, of which there is no endless chain
    std::vector<bool> expanded;
    for (const Node& node : made.graph.nodes()) {
      bool expand = false;
      if (node.op->expand) {
        ASSIGN_OR_RETURN(const std::vector<KernelOption> options,
                         KernelOptions(made.graph.SpecOf(node), device));
        expand = options.empty();
      }
      if (expand) made.expanded.push_back({node.path, node.op->name});
      expanded.push_back(expand);
    }
    if (std::find(expanded.begin(), expanded.end(), true) == expanded.end()) return made;
    made.graph = Expand(made.graph, expanded, registry).graph;
  }
}

}  // namespace lockstep::graph
