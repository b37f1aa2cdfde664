// SPDX-License-Identifier: Apache-2.0
// The plan. `Planner` goes through four stages, and each only adds to what the one before has
// decided: drop nodes that no result needs; choose a kernel for each node, which says how much
// workspace it wants and which inputs it wants prepared; let outputs take the buffer of an input
// that dies there; and place the buffers (`PlanMemory`). VerifyPlan then proves the plan from the
// graph alone.
#include "graph/plan/plan.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "graph/ir/liveness.h"
#include "graph/ir/verify.h"
#include "graph/passes/dead_code.h"
#include "graph/passes/in_place.h"
#include "graph/plan/memory.h"
#include "graph/plan/verify_plan.h"

namespace lockstep::graph {
namespace {

// Turns a verified graph into a plan: kernels first, then buffers, then offsets.
class Planner {
 public:
  Planner(const Graph& graph, const DeviceSpec& device, const KernelChoices& choices,
          const PlanOptions& options)
      : graph_(graph),
        device_(device),
        choices_(choices),
        options_(options),
        plan_(std::make_shared<Plan>()) {
    plan_->guard_bytes = options.guard_bytes;
    plan_->alignment = device.buffer_alignment;
  }

  Result<std::shared_ptr<Plan>> Make() {
    plan_->name = graph_.name();
    plan_->args = graph_.args();
    RETURN_IF_ERROR(ChooseKernels());
    PlaceResults();
    MakeBuffers();
    const MemoryPlan memory = PlanMemory(buffers_, plan_->alignment);
    plan_->arena_bytes = memory.arena_bytes;
    plan_->arena_lower_bound = memory.lower_bound;
    FillPlaces(memory);
    return std::move(plan_);
  }

 private:
  static constexpr int32_t kNone = -1;
  static constexpr int32_t kWorkspace = -1;

  size_t Index(Value v) const { return static_cast<size_t>(v.id); }

  Status ChooseKernels() {
    for (const Node& node : graph_.nodes()) {
      PlanNode planned;
      planned.spec = graph_.SpecOf(node);
      planned.recomputed = node.recomputed;
      ASSIGN_OR_RETURN(KernelOption chosen, ChooseKernel(planned.spec, device_, choices_));
      planned.family = std::move(chosen.family);
      planned.candidate = std::move(chosen.candidate);
      planned.prepared = PreparedFor(node, planned);
      planned.workspace_bytes = planned.prepared == kNone
                                    ? planned.candidate.workspace_bytes
                                    : planned.candidate.workspace_bytes_if_prepared;
      plan_->nodes.push_back(std::move(planned));
    }
    return OkStatus();
  }

  // The copy that the next node of the plan is given: an earlier node's where that is the same.
  int32_t PreparedFor(const Node& node, const PlanNode& planned) {
    const ops::Candidate& candidate = planned.candidate;
    if (!options_.prepare_parameters || candidate.prepared_input < 0) return kNone;
    const int32_t arg = graph_.ArgOf(node.in[static_cast<size_t>(candidate.prepared_input)]);
    if (arg < 0 || graph_.args()[static_cast<size_t>(arg)].kind != ArgKind::kParameter) {
      return kNone;
    }
    for (size_t i = 0; i < plan_->prepared.size(); ++i) {
      const PreparedParameter& made = plan_->prepared[i];
      const PlanNode& maker = plan_->nodes[static_cast<size_t>(made.node)];
      const bool same = made.arg == arg && NodeText(maker.spec) == NodeText(planned.spec) &&
                        maker.candidate.kernel == candidate.kernel &&
                        maker.candidate.algorithm == candidate.algorithm;
      if (same) return static_cast<int32_t>(i);
    }
    plan_->prepared.push_back({arg, static_cast<int32_t>(plan_->nodes.size()),
                               plan_->prepared_bytes, candidate.prepared_bytes});
    plan_->prepared_bytes += Aligned(candidate.prepared_bytes, plan_->alignment);
    return static_cast<int32_t>(plan_->prepared.size()) - 1;
  }

  // A result made by a node is written straight into the caller's memory; one that repeats an
  // argument or an earlier result is copied there after the last node.
  void PlaceResults() {
    result_of_.assign(static_cast<size_t>(graph_.value_count()), kNone);
    for (size_t i = 0; i < graph_.results().size(); ++i) {
      const NamedResult& result = graph_.results()[i];
      PlanResult planned{result.name, graph_.TypeOf(result.value), kNone, kNone};
      int32_t& first = result_of_[Index(result.value)];
      if (const int32_t arg = graph_.ArgOf(result.value); arg >= 0) {
        planned.copy_of_arg = arg;
      } else if (first != kNone) {
        planned.copy_of_result = first;
      } else {
        first = static_cast<int32_t>(i);
      }
      plan_->results.push_back(std::move(planned));
    }
  }

  // One buffer for every value in the arena, shared where an op runs in place.
  void MakeBuffers() {
    const std::vector<int32_t> last_use = LastUses(graph_);
    std::vector<bool> in_arena;
    for (int32_t id = 0; id < graph_.value_count(); ++id) {
      in_arena.push_back(graph_.ArgOf(Value{id}) < 0 && result_of_[Index(Value{id})] == kNone);
    }
    const std::vector<Value> from = TakeOvers(graph_, in_arena, [this](size_t node, size_t pair) {
      return ops::RunsInPlace(plan_->nodes[node].candidate, pair);
    });
    buffer_of_.assign(static_cast<size_t>(graph_.value_count()), kNone);
    for (size_t i = 0; i < graph_.nodes().size(); ++i) {
      const Node& node = graph_.nodes()[i];
      for (size_t k = 0; k < node.out.size(); ++k) {
        const size_t v = Index(node.out[k]);
        if (!in_arena[v]) continue;
        buffer_of_[v] = from[v].valid() ? buffer_of_[Index(from[v])]
                                        : NewBuffer(graph_.TypeOf(node.out[k]).bytes(), i,
                                                    static_cast<int32_t>(k));
        buffers_[static_cast<size_t>(buffer_of_[v])].last_node = last_use[v];
      }
      const int64_t workspace = plan_->nodes[i].workspace_bytes;
      workspace_of_.push_back(workspace > 0 ? NewBuffer(workspace, i, kWorkspace) : kNone);
    }
  }

  int32_t NewBuffer(int64_t bytes, size_t node, int32_t output) {
    const auto index = static_cast<int32_t>(node);
    buffers_.push_back({bytes + plan_->guard_bytes, index, index});
    output_of_.push_back(output);
    return static_cast<int32_t>(buffers_.size()) - 1;
  }

  Place PlaceOf(Value v, const MemoryPlan& memory) const {
    if (const int32_t arg = graph_.ArgOf(v); arg >= 0) return {Place::Kind::kArg, arg, 0};
    if (const int32_t result = result_of_[Index(v)]; result != kNone) {
      return {Place::Kind::kResult, result, 0};
    }
    const int32_t buffer = buffer_of_[Index(v)];
    CHECK_NE(buffer, kNone);
    return {Place::Kind::kArena, buffer, memory.offsets[static_cast<size_t>(buffer)]};
  }

  void FillPlaces(const MemoryPlan& memory) {
    for (size_t i = 0; i < graph_.nodes().size(); ++i) {
      const Node& node = graph_.nodes()[i];
      PlanNode& planned = plan_->nodes[i];
      for (Value v : node.in) planned.in.push_back(PlaceOf(v, memory));
      for (Value v : node.out) planned.out.push_back(PlaceOf(v, memory));
      if (workspace_of_[i] != kNone) {
        planned.workspace_offset = memory.offsets[static_cast<size_t>(workspace_of_[i])];
      }
    }
    for (size_t b = 0; b < buffers_.size(); ++b) {
      const BufferLife& life = buffers_[b];
      plan_->buffers.push_back({memory.offsets[b], life.bytes - plan_->guard_bytes, life.first_node,
                                life.last_node, output_of_[b]});
    }
    std::stable_sort(
        plan_->buffers.begin(), plan_->buffers.end(),
        [](const PlanBuffer& a, const PlanBuffer& b) { return a.last_node < b.last_node; });
  }

  const Graph& graph_;
  const DeviceSpec& device_;
  const KernelChoices& choices_;
  const PlanOptions& options_;
  std::shared_ptr<Plan> plan_;
  std::vector<int32_t> result_of_;     // by value: the result it is written to, or kNone
  std::vector<int32_t> buffer_of_;     // by value: its buffer, or kNone
  std::vector<int32_t> workspace_of_;  // by node
  std::vector<BufferLife> buffers_;
  std::vector<int32_t> output_of_;  // by buffer: PlanBuffer::output
};

}  // namespace

size_t Plan::ResultIndex(std::string_view result) const {
  for (size_t i = 0; i < results.size(); ++i) {
    if (results[i].name == result) return i;
  }
  CHECK(false) << "plan " << name << " has no result " << result;
  return 0;
}

int64_t Plan::flops() const {
  int64_t flops = 0;
  for (const PlanNode& node : nodes) flops += node.spec.op->cost(node.spec).flops;
  return flops;
}

int64_t Plan::recomputed_flops() const {
  int64_t flops = 0;
  for (const PlanNode& node : nodes) {
    if (node.recomputed) flops += node.spec.op->cost(node.spec).flops;
  }
  return flops;
}

Result<std::shared_ptr<const Plan>> Compile(const Graph& graph, const DeviceSpec& device,
                                            const KernelChoices& choices,
                                            const PlanOptions& options) {
  RETURN_IF_ERROR(VerifyGraph(graph));
  ASSIGN_OR_RETURN(DeviceGraph live,
                   ExpandForDevice(RemoveDeadCode(graph), device, *options.registry));
  ASSIGN_OR_RETURN(const std::shared_ptr<Plan> plan,
                   Planner(live.graph, device, choices, options).Make());
  RETURN_IF_ERROR(VerifyPlan(live.graph, *plan));
  plan->expanded = std::move(live.expanded);
  return std::shared_ptr<const Plan>(plan);
}

}  // namespace lockstep::graph
