// SPDX-License-Identifier: Apache-2.0
#include "graph/passes/dead_code.h"

#include "base/check.h"

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
  Graph kept(graph.name());
  std::vector<Value> renamed(static_cast<size_t>(graph.value_count()));
  const auto rename = [&](Value v) { return renamed[static_cast<size_t>(v.id)]; };
  for (int32_t id = 0; id < graph.value_count();) {
    if (const int32_t arg = graph.ArgOf(Value{id}); arg >= 0) {
      const Arg& a = graph.args()[static_cast<size_t>(arg)];
      renamed[static_cast<size_t>(id++)] = kept.AddArg(a.name, a.kind, a.type);
      continue;
    }
    const size_t index = static_cast<size_t>(graph.ProducerOf(Value{id}));
    const Node& node = graph.nodes()[index];
    id += static_cast<int32_t>(node.out.size());
    if (!live[index]) continue;
    std::vector<Value> in;
    for (Value v : node.in) in.push_back(rename(v));
    const Result<std::vector<Value>> out = kept.AddNode(node.op, node.attrs, in, node.path);
    CHECK(out.ok()) << out.status();
    for (size_t k = 0; k < out->size(); ++k) {
      renamed[static_cast<size_t>(node.out[k].id)] = (*out)[k];
    }
  }
  for (const NamedResult& result : graph.results()) {
    kept.AddResult(result.name, rename(result.value));
  }
  return kept;
}

}  // namespace lockstep::graph
