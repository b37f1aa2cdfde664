// SPDX-License-Identifier: Apache-2.0
#include "graph/passes/common_subexpressions.h"

#include <map>
#include <string>

namespace lockstep::graph {
namespace {

// Equal where op, attributes and inputs are: the text of a real keeps all its bits.
std::string KeyOf(const Node& node, const std::vector<Value>& in) {
  std::string key = node.op->name + node.attrs.ToText();
  for (Value v : in) key += " %" + std::to_string(v.id);
  return key;
}

}  // namespace

Rewritten MergeCommonSubexpressions(const Graph& graph) {
  GraphCopy copy(graph);
  std::map<std::string, std::vector<Value>> made;  // outputs by key
  copy.ForEachNode([&](size_t i) {
    const Node& node = graph.nodes()[i];
    if (node.op->random_streams > 0 || node.recomputed) return copy.CopyNode(node);
    const auto [entry, first] = made.try_emplace(KeyOf(node, copy.Renamed(node.in)));
    if (first) {
      copy.CopyNode(node);
      entry->second = copy.Renamed(node.out);
    }
    for (size_t k = 0; k < node.out.size(); ++k) copy.Rename(node.out[k], entry->second[k]);
  });
  return std::move(copy).Finish();
}

}  // namespace lockstep::graph
