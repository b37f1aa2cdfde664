// SPDX-License-Identifier: Apache-2.0
// The plan. `Simulation` walks through the order in which nodes would run with a given set of
// dropped values and counts the bytes that are alive at each step; it gives the peak, and what is
// idle there: the forward values that only wait for the backward half. `Chooser` drops one idle
// value after the other, always the cheapest for each byte it frees, and simulates anew after each,
// because a dropped value can make others live longer. What raises the peak is taken back and not
// tried again. `ChooseWithinBudget` starts twice, from nothing and from whole blocks, and keeps the
// better end, since a greedy choice that starts from nothing can miss the blocks.
#include "graph/plan/recompute_budget.h"

#include <algorithm>
#include <limits>

#include "graph/passes/recompute.h"
#include "graph/plan/memory.h"

namespace lockstep::graph {
namespace {

constexpr int32_t kNever = std::numeric_limits<int32_t>::max();

// What a schedule holds in memory: a value has two ids, v and, for its copy, v + value_count.
class Simulation {
 public:
  Simulation(const Graph& graph, size_t forward_nodes, const std::vector<int64_t>& workspace_bytes,
             const std::vector<bool>& dropped)
      : graph_(graph),
        forward_nodes_(forward_nodes),
        workspace_bytes_(workspace_bytes),
        dropped_(dropped),
        steps_(RecomputeSchedule(graph, forward_nodes, dropped)) {
    const auto ids = static_cast<size_t>(2 * graph.value_count());
    last_use_.assign(ids, -1);
    in_arena_.assign(ids, true);
    for (int32_t id = 0; id < graph.value_count(); ++id) {
      in_arena_[static_cast<size_t>(id)] = graph.ArgOf(Value{id}) < 0;
    }
    for (const NamedResult& result : graph.results()) {
      in_arena_[static_cast<size_t>(result.value.id)] = false;
    }
    for (size_t s = 0; s < steps_.size(); ++s) {
      const Node& node = NodeOf(s);
      for (Value v : node.in) last_use_[Id(s, v)] = static_cast<int32_t>(s);
      for (Value v : node.out) last_use_[OutId(s, v)] = static_cast<int32_t>(s);
    }
    FindPeak();
  }

  int64_t peak_bytes() const { return peak_bytes_; }

  int64_t flops_again() const {
    int64_t flops = 0;
    for (size_t s = 0; s < steps_.size(); ++s) {
      if (steps_[s].again) flops += NodeOf(s).op->cost(graph_.SpecOf(NodeOf(s))).flops;
    }
    return flops;
  }

  // For each node of the graph whether it is run again.
  std::vector<bool> Copied() const {
    std::vector<bool> copied(graph_.nodes().size(), false);
    for (const RecomputeStep& step : steps_) {
      if (step.again) copied[step.node] = true;
    }
    return copied;
  }

  // For each forward value whether it only waits at the peak: it is alive there but not used, all
  // its uses before are in the forward half, and all after are in the backward half.
  std::vector<bool> IdleAtPeak() const {
    const auto values = static_cast<size_t>(graph_.value_count());
    std::vector<int32_t> forward_end(values, -1), backward_begin(values, kNever);
    for (size_t s = 0; s < steps_.size(); ++s) {
      const bool forward = steps_[s].node < forward_nodes_ && !steps_[s].again;
      const auto at = static_cast<int32_t>(s);
      for (Value v : forward ? NodeOf(s).out : std::vector<Value>{}) {
        forward_end[static_cast<size_t>(v.id)] = at;
      }
      for (Value v : NodeOf(s).in) {
        const size_t id = Id(s, v);
        if (id >= values) continue;
        if (forward) forward_end[id] = at;
        if (!forward) backward_begin[id] = std::min(backward_begin[id], at);
      }
    }
    std::vector<bool> idle(values, false);
    for (size_t v = 0; v < values; ++v) {
      idle[v] = in_arena_[v] && forward_end[v] >= 0 && forward_end[v] < peak_step_ &&
                peak_step_ < backward_begin[v] && backward_begin[v] != kNever;
    }
    return idle;
  }

 private:
  const Node& NodeOf(size_t s) const { return graph_.nodes()[steps_[s].node]; }
  size_t OutId(size_t s, Value v) const {
    return static_cast<size_t>(steps_[s].again ? v.id + graph_.value_count() : v.id);
  }
  // The id of an input as step s reads it.
  size_t Id(size_t s, Value v) const {
    const bool backward = steps_[s].again || steps_[s].node >= forward_nodes_;
    const bool copy = backward && dropped_[static_cast<size_t>(v.id)];
    return static_cast<size_t>(copy ? v.id + graph_.value_count() : v.id);
  }
  bool DiesAt(size_t id, size_t s) const { return last_use_[id] == static_cast<int32_t>(s); }

  // Bytes of the inputs that outputs take over at step s.
  int64_t TakenOver(size_t s) const {
    const Node& node = NodeOf(s);
    int64_t bytes = 0;
    std::vector<int> taken;
    for (size_t k = 0; k < node.out.size(); ++k) {
      if (!in_arena_[OutId(s, node.out[k])]) continue;
      for (const auto& [in, out] : node.op->may_alias) {
        if (static_cast<size_t>(out) != k) continue;
        const Value v = node.in[static_cast<size_t>(in)];
        const int64_t size = graph_.TypeOf(v).bytes();
        if (!in_arena_[Id(s, v)] || !DiesAt(Id(s, v), s) ||
            std::count(node.in.begin(), node.in.end(), v) != 1 ||
            size != graph_.TypeOf(node.out[k]).bytes() ||
            std::find(taken.begin(), taken.end(), in) != taken.end()) {
          continue;
        }
        taken.push_back(in);
        bytes += Aligned(size);
        break;
      }
    }
    return bytes;
  }

  void FindPeak() {
    int64_t live = 0;
    for (size_t s = 0; s < steps_.size(); ++s) {
      const Node& node = NodeOf(s);
      for (Value v : node.out) {
        if (in_arena_[OutId(s, v)]) live += Aligned(graph_.TypeOf(v).bytes());
      }
      const int64_t taken = TakenOver(s);
      const int64_t here = live - taken + Aligned(workspace_bytes_[steps_[s].node]);
      if (here > peak_bytes_) {
        peak_bytes_ = here;
        peak_step_ = static_cast<int32_t>(s);
      }
      for (size_t i = 0; i < node.in.size(); ++i) {
        const Value v = node.in[i];
        const bool first = std::find(node.in.begin(), node.in.end(), v) ==
                           node.in.begin() + static_cast<int64_t>(i);
        if (first && in_arena_[Id(s, v)] && DiesAt(Id(s, v), s)) {
          live -= Aligned(graph_.TypeOf(v).bytes());
        }
      }
      for (Value v : node.out) {
        if (in_arena_[OutId(s, v)] && DiesAt(OutId(s, v), s)) {
          live -= Aligned(graph_.TypeOf(v).bytes());
        }
      }
    }
  }

  const Graph& graph_;
  const size_t forward_nodes_;
  const std::vector<int64_t>& workspace_bytes_;
  const std::vector<bool>& dropped_;
  const std::vector<RecomputeStep> steps_;
  std::vector<int32_t> last_use_;
  std::vector<bool> in_arena_;
  int64_t peak_bytes_ = 0;
  int32_t peak_step_ = -1;
};

class Chooser {
 public:
  Chooser(const Graph& graph, size_t forward_nodes, const std::vector<int64_t>& workspace_bytes,
          int64_t budget_bytes)
      : graph_(graph),
        forward_nodes_(forward_nodes),
        workspace_bytes_(workspace_bytes),
        budget_bytes_(budget_bytes) {}

  // Starts from what `dropped` says.
  RecomputeChoice Run(std::vector<bool> dropped) const {
    std::vector<bool> banned(dropped.size(), false);
    Measured now = Measure(dropped);
    while (now.peak_bytes > budget_bytes_) {
      const Value v = Cheapest(now, dropped, banned);
      if (!v.valid()) break;
      dropped[static_cast<size_t>(v.id)] = true;
      Measured next = Measure(dropped);
      if (next.peak_bytes <= now.peak_bytes) {
        now = std::move(next);
      } else {
        dropped[static_cast<size_t>(v.id)] = false;
        banned[static_cast<size_t>(v.id)] = true;
      }
    }
    return {std::move(dropped), now.peak_bytes, now.flops};
  }

 private:
  struct Measured {
    int64_t peak_bytes = 0, flops = 0;
    std::vector<bool> idle;    // Simulation::IdleAtPeak
    std::vector<bool> copied;  // by node
  };

  Measured Measure(const std::vector<bool>& dropped) const {
    const Simulation simulation(graph_, forward_nodes_, workspace_bytes_, dropped);
    return {simulation.peak_bytes(), simulation.flops_again(), simulation.IdleAtPeak(),
            simulation.Copied()};
  }

  // FLOPs of the nodes that would be copied too if v, of this producer, were dropped.
  int64_t CostOf(size_t producer, const std::vector<bool>& dropped,
                 std::vector<bool>* copied) const {
    if ((*copied)[producer]) return 0;
    (*copied)[producer] = true;
    const Node& node = graph_.nodes()[producer];
    int64_t flops = node.op->cost(graph_.SpecOf(node)).flops;
    for (Value v : node.in) {
      if (!dropped[static_cast<size_t>(v.id)]) continue;
      flops += CostOf(static_cast<size_t>(graph_.ProducerOf(v)), dropped, copied);
    }
    return flops;
  }

  // The value idle at the peak that costs the fewest FLOPs for each byte; of equals the largest,
  // then the first. What is below a thousandth of the peak is not looked at.
  Value Cheapest(const Measured& now, const std::vector<bool>& dropped,
                 const std::vector<bool>& banned) const {
    Value best;
    double best_price = 0.0;
    int64_t best_bytes = 0;
    for (int32_t id = 0; id < graph_.value_count(); ++id) {
      const auto v = static_cast<size_t>(id);
      if (!now.idle[v] || dropped[v] || banned[v]) continue;
      const int64_t bytes = graph_.TypeOf(Value{id}).bytes();
      if (bytes < now.peak_bytes / 1000) continue;
      std::vector<bool> copied = now.copied;
      const auto producer = static_cast<size_t>(graph_.ProducerOf(Value{id}));
      const double price = static_cast<double>(CostOf(producer, dropped, &copied)) /
                           static_cast<double>(std::max<int64_t>(bytes, 1));
      if (best.valid() && (price > best_price || (price == best_price && bytes <= best_bytes))) {
        continue;
      }
      best = Value{id};
      best_price = price;
      best_bytes = bytes;
    }
    return best;
  }

  const Graph& graph_;
  const size_t forward_nodes_;
  const std::vector<int64_t>& workspace_bytes_;
  const int64_t budget_bytes_;
};

// Forward values that no backward node reads: nothing keeps them alive, so a copy that needs one
// makes it again.
std::vector<bool> NotRead(const Graph& graph, size_t forward_nodes) {
  std::vector<bool> not_read(static_cast<size_t>(graph.value_count()), false);
  for (size_t i = 0; i < forward_nodes; ++i) {
    for (Value v : graph.nodes()[i].out) not_read[static_cast<size_t>(v.id)] = true;
  }
  for (size_t i = forward_nodes; i < graph.nodes().size(); ++i) {
    for (Value v : graph.nodes()[i].in) not_read[static_cast<size_t>(v.id)] = false;
  }
  for (const NamedResult& result : graph.results()) {
    not_read[static_cast<size_t>(result.value.id)] = false;
  }
  return not_read;
}

}  // namespace

RecomputeChoice ChooseWithinBudget(const Graph& graph, size_t forward_nodes,
                                   const std::vector<int64_t>& workspace_bytes,
                                   int64_t budget_bytes) {
  const Chooser chooser(graph, forward_nodes, workspace_bytes, budget_bytes);
  const std::vector<bool> nothing = NotRead(graph, forward_nodes);
  RecomputeChoice best = chooser.Run(nothing);
  std::vector<bool> blocks = DroppedByBlocks(graph, forward_nodes);
  const bool free = best.peak_bytes <= budget_bytes && best.flops == 0;
  if (free || blocks.empty()) return best;
  for (size_t v = 0; v < blocks.size(); ++v) blocks[v] = blocks[v] || nothing[v];
  RecomputeChoice other = chooser.Run(std::move(blocks));
  const auto rank = [&](const RecomputeChoice& c) {
    return std::pair(std::max(c.peak_bytes, budget_bytes), c.flops);
  };
  if (rank(other) < rank(best)) best = std::move(other);
  return best;
}

}  // namespace lockstep::graph
