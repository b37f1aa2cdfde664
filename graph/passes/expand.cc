// SPDX-License-Identifier: Apache-2.0
#include "graph/passes/expand.h"

#include "base/check.h"
#include "ops/core/composed.h"

namespace lockstep::graph {
namespace {

// Adds the composed form of a node to the copy and gives its outputs the results' names.
void CopyParts(const Node& node, const ops::NodeSpec& spec, const ops::OpRegistry& registry,
               GraphCopy* copy) {
  const ops::Composition parts = ops::Compose(registry, *node.op, node.attrs, spec.in, node.path);
  std::vector<Value> here(parts.types.size());  // by value of the composed form
  for (size_t i = 0; i < node.in.size(); ++i) here[i] = copy->Renamed(node.in[i]);
  for (const ops::ComposedNode& part : parts.nodes) {
    std::vector<Value> in;
    for (const Value v : part.in) in.push_back(here[static_cast<size_t>(v.id)]);
    Node added;
    added.op = part.spec.op;
    added.attrs = part.spec.attrs;
    added.path = node.path;
    const std::vector<Value> out = copy->AddNode(added, in, node.recomputed);
    for (size_t k = 0; k < out.size(); ++k) here[static_cast<size_t>(part.out[k].id)] = out[k];
  }
  for (size_t k = 0; k < node.out.size(); ++k) {
    copy->Rename(node.out[k], here[static_cast<size_t>(parts.results[k].id)]);
  }
}

}  // namespace

Rewritten Expand(const Graph& graph, const std::vector<bool>& expanded,
                 const ops::OpRegistry& registry) {
  CHECK_EQ(expanded.size(), graph.nodes().size());
  GraphCopy copy(graph);
  copy.ForEachNode([&](size_t i) {
    const Node& node = graph.nodes()[i];
    if (expanded[i]) {
      CopyParts(node, graph.SpecOf(node), registry, &copy);
    } else {
      copy.CopyNode(node);
    }
  });
  return std::move(copy).Finish();
}

}  // namespace lockstep::graph
