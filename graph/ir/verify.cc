// SPDX-License-Identifier: Apache-2.0
#include "graph/ir/verify.h"

#include <algorithm>
#include <map>
#include <set>

namespace lockstep::graph {
namespace {

Status VerifyNode(const Graph& graph, const Node& node) {
  const auto fail = [&](const std::string& what) {
    return Internal("graph " + graph.name() + ", layer '" + node.path + "', " + node.op->name +
                    ": " + what);
  };
  if (node.out.empty()) return fail("no outputs");
  for (Value v : node.in) {
    if (!v.valid() || v.id >= node.out.front().id) return fail("reads a value made after it");
  }
  RETURN_IF_ERROR(node.op->check_attrs(node.attrs));
  const ops::NodeSpec spec = graph.SpecOf(node);
  ASSIGN_OR_RETURN(const ops::TensorTypes types, node.op->infer(spec.attrs, spec.in));
  if (types != spec.out) return fail("output types differ from its shape rule");
  return OkStatus();
}

using NodesByPath = std::map<std::string, std::vector<const Node*>, std::less<>>;

// A recomputed node repeats one of `earlier`.
Status VerifyRecomputed(const Graph& graph, const Node& node, const NodesByPath& earlier) {
  const ops::NodeSpec spec = graph.SpecOf(node);
  const auto same = [&](const Node* other) {
    const ops::NodeSpec original = graph.SpecOf(*other);
    return other->op == node.op && other->attrs == node.attrs && original.in == spec.in &&
           original.out == spec.out;
  };
  const auto found = earlier.find(node.path);
  if (found != earlier.end() && std::any_of(found->second.begin(), found->second.end(), same)) {
    return OkStatus();
  }
  return Internal("graph " + graph.name() + ", layer '" + node.path + "', " + node.op->name +
                  ": recomputed, and no earlier node is its original");
}

}  // namespace

Status VerifyGraph(const Graph& graph) {
  std::set<std::string> random_paths;
  NodesByPath originals;
  for (const Node& node : graph.nodes()) {
    RETURN_IF_ERROR(VerifyNode(graph, node));
    if (node.recomputed) {
      RETURN_IF_ERROR(VerifyRecomputed(graph, node, originals));
      continue;
    }
    originals[node.path].push_back(&node);
    if (node.op->random_streams > 0 && !random_paths.insert(node.path).second) {
      return InvalidArgument("graph " + graph.name() + ": two random layers share the path '" +
                             node.path + "', the second " + node.op->name +
                             ", and so would draw the same random numbers; name them apart");
    }
  }
  std::set<std::string> names;
  for (const NamedResult& result : graph.results()) {
    if (!names.insert(result.name).second) {
      return Internal("graph " + graph.name() + ": two results named '" + result.name + "'");
    }
    if (!result.value.valid() || result.value.id >= graph.value_count()) {
      return Internal("graph " + graph.name() + ": result '" + result.name + "' has no value");
    }
  }
  return OkStatus();
}

}  // namespace lockstep::graph
