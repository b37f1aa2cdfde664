// SPDX-License-Identifier: Apache-2.0
// The graph as a device can run it: fused nodes for which it has no kernel stand as their parts.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/device/device_spec.h"
#include "graph/ir/graph.h"
#include "ops/core/registry.h"

namespace lockstep::graph {

// A fused node that stands as its parts in a plan.
struct ExpandedNode {
  std::string path, op;
  bool operator==(const ExpandedNode&) const = default;
};

struct DeviceGraph {
  Graph graph;
  std::vector<ExpandedNode> expanded;  // in the order of the graph
};

// Expands fused nodes without a kernel, and parts that are fused, until all have one or nothing can
// be expanded. A CPU has a reference kernel of every op: its graph stays as it is. Fails as
// KernelOptions does.
Result<DeviceGraph> ExpandForDevice(const Graph& graph, const DeviceSpec& device,
                                    const ops::OpRegistry& registry = ops::OpRegistry::Global());

}  // namespace lockstep::graph
