// SPDX-License-Identifier: Apache-2.0
#include "graph/passes/dead_code.h"

#include "graph/passes/graph_copy.h"

namespace lockstep::graph {
namespace {

std::vector<bool> LiveNodes(const Graph& graph) {
  std::vector<bool> live(graph.nodes().size(), false);
  const auto mark = [&](Value v) {
    if (const int32_t node = graph.ProducerOf(v); node >= 0) live[static_cast<size_t>(node)] = true;
  };
  for (const NamedResult& result : graph.results()) mark(result.value);
  for (size_t i = graph.nodes().size(); i-- > 0;) {
    if (!live[i]) continue;
    for (Value v : graph.nodes()[i].in) mark(v);
  }
  return live;
}

}  // namespace

Graph RemoveDeadCode(const Graph& graph) {
  const std::vector<bool> live = LiveNodes(graph);
  GraphCopy copy(graph);
  copy.ForEachNode([&](size_t i) {
    if (live[i]) copy.CopyNode(graph.nodes()[i]);
  });
  return std::move(copy).Finish().graph;
}

}  // namespace lockstep::graph
