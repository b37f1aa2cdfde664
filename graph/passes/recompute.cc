// SPDX-License-Identifier: Apache-2.0
#include "graph/passes/recompute.h"

#include <algorithm>
#include <cctype>
#include <set>

#include "base/check.h"
#include "graph/passes/graph_copy.h"

namespace lockstep::graph {
namespace {

class Scheduler {
 public:
  Scheduler(const Graph& graph, size_t forward_nodes, const std::vector<bool>& dropped)
      : graph_(graph), dropped_(dropped), copied_(forward_nodes, false) {}

  std::vector<RecomputeStep> Run() {
    for (size_t i = 0; i < graph_.nodes().size(); ++i) {
      if (i >= copied_.size()) CopyInputs(i);
      steps_.push_back({i, false});
    }
    return std::move(steps_);
  }

 private:
  // Copies of the nodes that make what node i reads and was dropped, those they need before them.
  void CopyInputs(size_t i) {
    for (Value v : graph_.nodes()[i].in) {
      if (!dropped_[static_cast<size_t>(v.id)]) continue;
      const auto producer = static_cast<size_t>(graph_.ProducerOf(v));
      CHECK_LT(producer, copied_.size()) << "only forward values are dropped";
      if (copied_[producer]) continue;
      copied_[producer] = true;
      CopyInputs(producer);
      steps_.push_back({producer, true});
    }
  }

  const Graph& graph_;
  const std::vector<bool>& dropped_;
  std::vector<bool> copied_;  // by forward node
  std::vector<RecomputeStep> steps_;
};

bool HasDigit(const std::string& part) {
  return std::any_of(part.begin(), part.end(), [](unsigned char c) { return std::isdigit(c); });
}

bool IsNumber(const std::string& part) {
  return !part.empty() &&
         std::all_of(part.begin(), part.end(), [](unsigned char c) { return std::isdigit(c); });
}

// The block that a layer at this path makes known, or "".
std::string BlockNamedBy(const std::string& path) {
  std::vector<std::string> parts;
  for (size_t at = 0; at <= path.size();) {
    const size_t slash = std::min(path.find('/', at), path.size());
    parts.push_back(path.substr(at, slash - at));
    at = slash + 1;
  }
  parts.pop_back();
  const auto first = std::find_if(parts.begin(), parts.end(), HasDigit);
  if (first == parts.end()) return "";
  const auto end = std::find_if_not(first + 1, parts.end(), IsNumber);
  std::string block;
  for (auto part = parts.begin(); part != end; ++part) block += (block.empty() ? "" : "/") + *part;
  return block;
}

// The longest of `blocks` that the path is, or lies in; or "".
std::string BlockAround(std::string path, const std::set<std::string>& blocks) {
  while (!path.empty() && !blocks.contains(path)) {
    const size_t slash = path.rfind('/');
    path.resize(slash == std::string::npos ? 0 : slash);
  }
  return path;
}

}  // namespace

std::vector<RecomputeStep> RecomputeSchedule(const Graph& graph, size_t forward_nodes,
                                             const std::vector<bool>& dropped) {
  return Scheduler(graph, forward_nodes, dropped).Run();
}

Graph Recompute(const Graph& graph, size_t forward_nodes, const std::vector<bool>& dropped) {
  const std::vector<RecomputeStep> steps = RecomputeSchedule(graph, forward_nodes, dropped);
  GraphCopy copy(graph);
  std::vector<Value> again(static_cast<size_t>(graph.value_count()));  // by old value: its copy
  auto next = steps.begin();
  copy.ForEachNode([&](size_t index) {
    for (bool done = false; !done; ++next) {
      const Node& node = graph.nodes()[next->node];
      std::vector<Value> in = copy.Renamed(node.in);
      for (size_t i = 0; i < in.size(); ++i) {
        const auto v = static_cast<size_t>(node.in[i].id);
        if (dropped[v] && (next->again || next->node >= forward_nodes)) in[i] = again[v];
      }
      const std::vector<Value> out = copy.AddNode(node, in, next->again);
      for (size_t k = 0; k < out.size(); ++k) {
        if (next->again) {
          again[static_cast<size_t>(node.out[k].id)] = out[k];
        } else {
          copy.Rename(node.out[k], out[k]);
        }
      }
      done = !next->again && next->node == index;
    }
  });
  return std::move(copy).Finish().graph;
}

std::vector<std::string> BlockOfNodes(const Graph& graph, size_t forward_nodes) {
  std::set<std::string> blocks;
  for (size_t i = 0; i < forward_nodes; ++i) {
    std::string block = BlockNamedBy(graph.nodes()[i].path);
    if (!block.empty()) blocks.insert(std::move(block));
  }
  std::vector<std::string> of_nodes;
  for (size_t i = 0; i < forward_nodes; ++i) {
    of_nodes.push_back(BlockAround(graph.nodes()[i].path, blocks));
  }
  return of_nodes;
}

std::vector<bool> DroppedByBlocks(const Graph& graph, size_t forward_nodes) {
  const std::vector<std::string> block = BlockOfNodes(graph, forward_nodes);
  const auto last = std::find_if(block.rbegin(), block.rend(),
                                 [](const std::string& name) { return !name.empty(); });
  std::vector<bool> dropped(static_cast<size_t>(graph.value_count()), false);
  bool any = false;
  for (size_t i = 0; i < forward_nodes; ++i) {
    if (block[i].empty() || block[i] == *last) continue;
    any = true;
    const Node& node = graph.nodes()[i];
    int64_t largest = 0;
    for (Value v : node.out) largest = std::max(largest, graph.TypeOf(v).bytes());
    for (Value v : node.out) {
      dropped[static_cast<size_t>(v.id)] = 8 * graph.TypeOf(v).bytes() > largest;
    }
  }
  if (!any) return {};
  for (size_t i = 0; i < forward_nodes; ++i) {
    for (Value v : graph.nodes()[i].in) {
      const int32_t producer = graph.ProducerOf(v);
      if (producer < 0 || block[static_cast<size_t>(producer)] == block[i]) continue;
      dropped[static_cast<size_t>(v.id)] = false;
    }
  }
  for (const NamedResult& result : graph.results()) {
    dropped[static_cast<size_t>(result.value.id)] = false;
  }
  return dropped;
}

}  // namespace lockstep::graph
