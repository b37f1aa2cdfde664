// SPDX-License-Identifier: Apache-2.0
// The plan. First mark the values that depend on something whose gradient is wanted. Then walk the
// nodes backwards; when a node's turn comes, everything that reads its outputs has been visited, so
// the gradients of its outputs are complete. Its op's rule emits the gradients of its inputs, and
// each is added to what other readers of that input have contributed, in the stated order.
#include "graph/autodiff/autodiff.h"

#include <algorithm>

#include "base/check.h"
#include "ops/math/add/add.h"

namespace lockstep::graph {
namespace {

// needed[v]: v depends on one of wrt, so a gradient must flow to it.
std::vector<bool> DependsOn(const Graph& graph, std::span<const Value> wrt) {
  std::vector<bool> needed(static_cast<size_t>(graph.value_count()), false);
  for (Value v : wrt) needed[static_cast<size_t>(v.id)] = true;
  for (const Node& node : graph.nodes()) {
    bool any = false;
    for (Value v : node.in) any = any || needed[static_cast<size_t>(v.id)];
    for (Value v : node.out) {
      needed[static_cast<size_t>(v.id)] = any && IsFloat(graph.TypeOf(v).dtype);
    }
    for (int k : node.op->detached_outputs) {
      needed[static_cast<size_t>(node.out[static_cast<size_t>(k)].id)] = false;
    }
  }
  return needed;
}

class Differentiator {
 public:
  Differentiator(GraphBuilder* builder, std::span<const Value> wrt)
      : builder_(builder),
        needed_(DependsOn(builder->graph(), wrt)),
        gradient_(static_cast<size_t>(builder->graph().value_count())) {}

  void Run(Value root, Value seed) {
    gradient_[static_cast<size_t>(root.id)] = seed;
    for (int64_t i = static_cast<int64_t>(builder_->graph().nodes().size()) - 1; i >= 0; --i) {
      // A copy: emitting grows the vector of nodes.
      const Node node = builder_->graph().nodes()[static_cast<size_t>(i)];
      Visit(node);
      if (!builder_->status().ok()) return;
    }
  }

  Value GradientOf(Value v) const { return gradient_[static_cast<size_t>(v.id)]; }

 private:
  void Visit(const Node& node) {
    std::vector<Value> dout;
    bool any = false;
    for (Value v : node.out) {
      dout.push_back(gradient_[static_cast<size_t>(v.id)]);
      any = any || dout.back().valid();
    }
    std::vector<bool> want;
    bool wanted = false;
    for (Value v : node.in) {
      want.push_back(needed_[static_cast<size_t>(v.id)]);
      wanted = wanted || want.back();
    }
    if (!any || !wanted) return;
    builder_->SetPath(node.path);
    if (!node.op->grad) {
      builder_->Fail(
          InvalidArgument("layer '" + node.path + "': op " + node.op->name + " has no gradient"));
      return;
    }
    const ops::GradArgs args{builder_, node.in, node.out, dout, want};
    const std::vector<Value> din = node.op->grad(node.attrs, args);
    if (!builder_->status().ok()) return;
    CHECK_EQ(din.size(), node.in.size()) << "gradients of op " << node.op->name;
    for (size_t i = 0; i < din.size(); ++i) {
      if (want[i] && din[i].valid()) Accumulate(node.in[i], din[i]);
    }
  }

  void Accumulate(Value v, Value contribution) {
    Value& sum = gradient_[static_cast<size_t>(v.id)];
    sum = sum.valid() ? ops::Add(builder_, sum, contribution) : contribution;
  }

  GraphBuilder* builder_;
  std::vector<bool> needed_;
  std::vector<Value> gradient_;  // by value id of the forward graph; invalid: none yet
};

}  // namespace

std::vector<Value> Gradients(GraphBuilder* builder, Value root, Value seed,
                             std::span<const Value> wrt) {
  std::vector<Value> result(wrt.size());
  if (!builder->status().ok()) return result;
  Differentiator differentiator(builder, wrt);
  differentiator.Run(root, seed);
  for (size_t i = 0; i < wrt.size() && builder->status().ok(); ++i) {
    result[i] = differentiator.GradientOf(wrt[i]);
    if (!result[i].valid()) {
      const int32_t arg = builder->graph().ArgOf(wrt[i]);
      const std::string name =
          arg >= 0 ? builder->graph().args()[static_cast<size_t>(arg)].name : "(a value)";
      builder->Fail(InvalidArgument("the loss does not depend on '" + name +
                                    "': it would never be trained; remove the layer"));
    }
  }
  return result;
}

size_t ForwardNodes(const Graph& lane) {
  int32_t last = -1;
  for (const NamedResult& result : lane.results()) {
    if (!result.name.starts_with(kGradientPrefix)) {
      last = std::max(last, lane.ProducerOf(result.value));
    }
  }
  return static_cast<size_t>(last + 1);
}

}  // namespace lockstep::graph
