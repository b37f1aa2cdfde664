// SPDX-License-Identifier: Apache-2.0
#include "graph/plan/activations.h"

#include <utility>
#include <vector>

#include "graph/ir/liveness.h"

namespace lockstep::graph {

MemoryPlan PlanActivations(const Graph& graph, int64_t alignment) {
  std::vector<bool> has_owner(static_cast<size_t>(graph.value_count()), false);
  for (const NamedResult& result : graph.results()) {
    has_owner[static_cast<size_t>(result.value.id)] = true;
  }
  const std::vector<int32_t> last_use = LastUses(graph);
  std::vector<BufferLife> buffers;
  for (int32_t id = 0; id < graph.value_count(); ++id) {
    const auto v = static_cast<size_t>(id);
    const int32_t producer = graph.ProducerOf(Value{id});
    if (producer < 0 || has_owner[v]) continue;
    buffers.push_back({graph.TypeOf(Value{id}).bytes(), producer, last_use[v]});
  }
  return PlanMemory(std::move(buffers), alignment);
}

}  // namespace lockstep::graph
