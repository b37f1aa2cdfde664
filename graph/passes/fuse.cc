// SPDX-License-Identifier: Apache-2.0
// The plan. Ops name the chains that they replace (`FusedChain`). For each node from the first on,
// look whether it begins such a chain, longest chains first: each node's output 0 must be read by
// the next node of the chain and by nothing else. A match is accepted only if what the fused op
// expands to is the chain again. Then the graph is copied with matches in place of their chains.
#include "graph/passes/fuse.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "base/check.h"
#include "ops/core/composed.h"

namespace lockstep::graph {
namespace {

struct Rule {
  const ops::Op* op = nullptr;
  const ops::FusedChain* chain = nullptr;
};

// A chain found in the graph, and the node that replaces it.
struct Match {
  std::vector<size_t> nodes;  // by index, in order
  const ops::Op* op = nullptr;
  Attrs attrs;
  std::vector<Value> in, out;  // of the graph that was
};

// The rules by the name of their first op, longest chain first.
std::map<std::string, std::vector<Rule>> RulesOf(const ops::OpRegistry& registry) {
  std::map<std::string, std::vector<Rule>> rules;
  for (const auto& [name, op] : registry.ops()) {
    for (const ops::FusedChain& chain : op->chains) {
      rules[chain.ops.front()].push_back({op.get(), &chain});
    }
  }
  for (auto& [first, list] : rules) {
    std::stable_sort(list.begin(), list.end(), [](const Rule& a, const Rule& b) {
      return a.chain->ops.size() > b.chain->ops.size();
    });
  }
  return rules;
}

class Matcher {
 public:
  Matcher(const Graph& graph, const ops::OpRegistry& registry)
      : graph_(graph),
        registry_(registry),
        rules_(RulesOf(registry)),
        readers_(static_cast<size_t>(graph.value_count())),
        is_result_(static_cast<size_t>(graph.value_count()), false) {
    for (size_t i = 0; i < graph.nodes().size(); ++i) {
      for (Value v : graph.nodes()[i].in) readers_[static_cast<size_t>(v.id)].push_back(i);
    }
    for (const NamedResult& r : graph.results()) is_result_[static_cast<size_t>(r.value.id)] = true;
  }

  std::optional<Match> At(size_t first) const {
    const auto rules = rules_.find(graph_.nodes()[first].op->name);
    if (rules == rules_.end()) return std::nullopt;
    for (const Rule& rule : rules->second) {
      if (std::optional<Match> match = Try(rule, first)) return match;
    }
    return std::nullopt;
  }

 private:
  std::optional<Match> Try(const Rule& rule, size_t first) const {
    Match match;
    match.op = rule.op;
    match.nodes = {first};
    match.in = graph_.nodes()[first].in;
    std::vector<const Attrs*> attrs = {&graph_.nodes()[first].attrs};
    for (size_t k = 1; k < rule.chain->ops.size(); ++k) {
      const Value link = graph_.nodes()[match.nodes.back()].out[0];
      const auto& readers = readers_[static_cast<size_t>(link.id)];
      if (readers.size() != 1 || is_result_[static_cast<size_t>(link.id)]) return std::nullopt;
      const Node& next = graph_.nodes()[readers[0]];
      // What a node in the middle makes beside its link would be lost.
      if (next.op->name != rule.chain->ops[k] || next.out.size() != 1) return std::nullopt;
      for (Value v : next.in) {
        if (v != link) match.in.push_back(v);
      }
      attrs.push_back(&next.attrs);
      match.nodes.push_back(readers[0]);
    }
    match.attrs = rule.chain->attrs(attrs);
    match.out = graph_.nodes()[match.nodes.back()].out;
    const auto& others = graph_.nodes()[first].out;
    match.out.insert(match.out.end(), others.begin() + 1, others.end());
    if (!IsComposedForm(match)) return std::nullopt;
    return match;
  }

  // Whether `expand` gives the chain's nodes, wired alike.
  bool IsComposedForm(const Match& match) const {
    std::vector<TensorType> types;
    for (Value v : match.in) types.push_back(graph_.TypeOf(v));
    if (!match.op->infer(match.attrs, types).ok()) return false;
    const ops::Composition c = ops::Compose(registry_, *match.op, match.attrs, types, "");
    if (c.nodes.size() != match.nodes.size()) return false;
    std::vector<Value> here(c.types.size());  // by value of the composed form
    std::copy(match.in.begin(), match.in.end(), here.begin());
    for (size_t k = 0; k < c.nodes.size(); ++k) {
      const ops::ComposedNode& expected = c.nodes[k];
      const Node& node = graph_.nodes()[match.nodes[k]];
      if (expected.spec.op != node.op || !(expected.spec.attrs == node.attrs)) return false;
      if (expected.in.size() != node.in.size()) return false;
      for (size_t i = 0; i < node.in.size(); ++i) {
        if (here[static_cast<size_t>(expected.in[i].id)] != node.in[i]) return false;
      }
      for (size_t i = 0; i < node.out.size(); ++i) {
        here[static_cast<size_t>(expected.out[i].id)] = node.out[i];
      }
    }
    for (size_t i = 0; i < match.out.size(); ++i) {
      if (here[static_cast<size_t>(c.results[i].id)] != match.out[i]) return false;
    }
    return c.results.size() == match.out.size();
  }

  const Graph& graph_;
  const ops::OpRegistry& registry_;
  const std::map<std::string, std::vector<Rule>> rules_;
  std::vector<std::vector<size_t>> readers_;  // by value: the nodes that read it, once each time
  std::vector<bool> is_result_;
};

}  // namespace

Rewritten Fuse(const Graph& graph, const ops::OpRegistry& registry) {
  const Matcher matcher(graph, registry);
  std::map<size_t, Match> by_last;
  std::set<size_t> taken;
  for (size_t i = 0; i < graph.nodes().size(); ++i) {
    if (taken.contains(i)) continue;
    std::optional<Match> match = matcher.At(i);
    if (!match) continue;
    // Outputs of the first node are made only where the last one stands.
    const auto& first = graph.nodes()[i].out;
    const bool read_before = std::any_of(first.begin() + 1, first.end(), [&](Value v) {
      for (size_t k = i + 1; k < match->nodes.back(); ++k) {
        const auto& in = graph.nodes()[k].in;
        if (std::find(in.begin(), in.end(), v) != in.end()) return true;
      }
      return false;
    });
    const bool overlaps = std::any_of(match->nodes.begin(), match->nodes.end(),
                                      [&](size_t node) { return taken.contains(node); });
    if (read_before || overlaps) continue;
    taken.insert(match->nodes.begin(), match->nodes.end());
    const size_t last = match->nodes.back();
    by_last.emplace(last, *std::move(match));
  }
  GraphCopy copy(graph);
  copy.ForEachNode([&](size_t i) {
    const auto match = by_last.find(i);
    if (match == by_last.end()) {
      if (!taken.contains(i)) copy.CopyNode(graph.nodes()[i]);
      return;
    }
    const Match& m = match->second;
    const Node fused{m.op, m.attrs, m.in, m.out, graph.nodes()[m.nodes[0]].path};
    const std::vector<Value> out = copy.AddNode(fused, copy.Renamed(m.in), /*recomputed=*/false);
    for (size_t k = 0; k < out.size(); ++k) copy.Rename(m.out[k], out[k]);
  });
  return std::move(copy).Finish();
}

}  // namespace lockstep::graph
