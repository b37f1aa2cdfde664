// SPDX-License-Identifier: Apache-2.0
#include "graph/plan/peak.h"

#include <algorithm>

#include "graph/plan/memory.h"

namespace lockstep::graph {

std::vector<PeakTensor> LargestAtPeak(const Plan& plan, size_t count) {
  std::vector<BufferLife> lives;
  for (const PlanBuffer& b : plan.buffers) lives.push_back({b.bytes, b.first_node, b.last_node});
  const int32_t peak = PeakNode(lives);
  std::vector<PlanBuffer> alive;
  for (const PlanBuffer& b : plan.buffers) {
    if (b.first_node <= peak && peak <= b.last_node) alive.push_back(b);
  }
  std::stable_sort(alive.begin(), alive.end(), [](const PlanBuffer& a, const PlanBuffer& b) {
    return a.bytes != b.bytes ? a.bytes > b.bytes : a.first_node < b.first_node;
  });
  alive.resize(std::min(alive.size(), count));
  std::vector<PeakTensor> largest;
  for (const PlanBuffer& b : alive) {
    const ops::NodeSpec& node = plan.nodes[static_cast<size_t>(b.first_node)].spec;
    const std::string what =
        b.output < 0 ? "workspace" : node.out[static_cast<size_t>(b.output)].ToString();
    largest.push_back({node.path, node.op->name, what, b.bytes});
  }
  return largest;
}

}  // namespace lockstep::graph
