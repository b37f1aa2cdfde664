// SPDX-License-Identifier: Apache-2.0
#include "graph/passes/in_place.h"

#include <algorithm>

#include "graph/ir/liveness.h"

namespace lockstep::graph {

std::vector<Value> TakeOvers(const Graph& graph, const std::vector<bool>& in_arena,
                             const std::function<bool(size_t node, size_t pair)>& can) {
  const std::vector<int32_t> last_use = LastUses(graph);
  std::vector<Value> from(static_cast<size_t>(graph.value_count()));
  const auto may_take = [&](const Node& node, size_t i, size_t k, int32_t index) {
    const Value v = node.in[i];
    const bool dies_here =
        in_arena[static_cast<size_t>(v.id)] && last_use[static_cast<size_t>(v.id)] == index;
    const bool read_once = std::count(node.in.begin(), node.in.end(), v) == 1;
    const bool fits = graph.TypeOf(v).bytes() == graph.TypeOf(node.out[k]).bytes();
    const bool taken =
        std::any_of(node.out.begin(), node.out.begin() + static_cast<int64_t>(k),
                    [&](Value earlier) { return from[static_cast<size_t>(earlier.id)] == v; });
    return dies_here && read_once && fits && !taken;
  };
  for (size_t index = 0; index < graph.nodes().size(); ++index) {
    const Node& node = graph.nodes()[index];
    for (size_t k = 0; k < node.out.size(); ++k) {
      if (!in_arena[static_cast<size_t>(node.out[k].id)]) continue;
      const auto& pairs = node.op->may_alias;
      for (size_t p = 0; p < pairs.size(); ++p) {
        const size_t i = static_cast<size_t>(pairs[p].first);
        if (static_cast<size_t>(pairs[p].second) != k || (can && !can(index, p))) continue;
        if (!may_take(node, i, k, static_cast<int32_t>(index))) continue;
        from[static_cast<size_t>(node.out[k].id)] = node.in[i];
        break;
      }
    }
  }
  return from;
}

}  // namespace lockstep::graph
