// SPDX-License-Identifier: Apache-2.0
// GraphCopy: a new graph made of an old one, in its order. Passes that drop, merge, replace or
// repeat nodes share it. Arguments are all copied, so the order in which a graph's caller binds
// them does not change.
//
//   GraphCopy copy(graph);
//   copy.ForEachNode([&](size_t i) { if (wanted[i]) copy.CopyNode(graph.nodes()[i]); });
//   return std::move(copy).Finish();
#pragma once

#include <vector>

#include "graph/ir/graph.h"

namespace lockstep::graph {

// A graph after a pass, and for each value of the graph before it the value that now stands for it,
// which is invalid for what is gone.
struct Rewritten {
  Graph graph;
  std::vector<Value> renamed;
};

class GraphCopy {
 public:
  explicit GraphCopy(const Graph& from)
      : from_(from), to_(from.name()), renamed_(static_cast<size_t>(from.value_count())) {}

  // Copies the arguments and calls visit(index) for every node, in order of creation.
  template <typename F>
  void ForEachNode(F&& visit) {
    for (int32_t id = 0; id < from_.value_count();) {
      if (const int32_t arg = from_.ArgOf(Value{id}); arg >= 0) {
        CopyArg(Value{id++}, arg);
        continue;
      }
      const auto node = static_cast<size_t>(from_.ProducerOf(Value{id}));
      visit(node);
      id += static_cast<int32_t>(from_.nodes()[node].out.size());
    }
  }

  Value Renamed(Value old) const { return renamed_[static_cast<size_t>(old.id)]; }
  void Rename(Value old, Value now) { renamed_[static_cast<size_t>(old.id)] = now; }
  std::vector<Value> Renamed(const std::vector<Value>& old) const;

  // Adds a node of the old graph on these inputs of the new one; renames nothing.
  std::vector<Value> AddNode(const Node& node, const std::vector<Value>& in, bool recomputed);
  // Adds a node on the new names of its inputs and renames its outputs.
  void CopyNode(const Node& node);

  Graph& to() { return to_; }
  // Copies the results, whose values must have names.
  Rewritten Finish() &&;

 private:
  void CopyArg(Value v, int32_t arg);

  const Graph& from_;
  Graph to_;
  std::vector<Value> renamed_;
};

}  // namespace lockstep::graph
