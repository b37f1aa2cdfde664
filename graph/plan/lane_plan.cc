// SPDX-License-Identifier: Apache-2.0
#include "graph/plan/lane_plan.h"

#include <algorithm>
#include <charconv>

#include "graph/autodiff/autodiff.h"
#include "graph/passes/dead_code.h"
#include "graph/passes/recompute.h"
#include "graph/plan/recompute_budget.h"

namespace lockstep::graph {
namespace {

constexpr int kMostBudgetTries = 8;

using PlanPtr = std::shared_ptr<const Plan>;

// `recomputed` knows what it saves.
PlanPtr Beside(const Plan& whole, const Plan& recomputed) {
  auto plan = std::make_shared<Plan>(recomputed);
  plan->arena_without_recompute = whole.arena_bytes;
  return plan;
}

// The plan was made of a graph in which these nodes had been expanded.
PlanPtr WithExpanded(const PlanPtr& plan, const std::vector<ExpandedNode>& expanded) {
  if (expanded.empty()) return plan;
  auto told = std::make_shared<Plan>(*plan);
  told->expanded = expanded;
  return told;
}

Result<PlanPtr> CompileBlocks(const Graph& lane, const Plan& whole, const DeviceSpec& device,
                              const KernelChoices& choices, const PlanOptions& options) {
  const size_t forward = ForwardNodes(lane);
  const std::vector<bool> dropped = DroppedByBlocks(lane, forward);
  if (dropped.empty()) {
    return InvalidArgument(
        "train.recompute is \"blocks\" and the model has not two blocks (scopes like layer1/0); "
        "use \"none\", or a budget in MiB");
  }
  ASSIGN_OR_RETURN(const PlanPtr plan,
                   Compile(Recompute(lane, forward, dropped), device, choices, options));
  return Beside(whole, *plan);
}

std::string MebibytesUp(int64_t bytes) { return std::to_string((bytes + (1 << 20) - 1) >> 20); }

Result<PlanPtr> CompileWithin(int64_t budget_bytes, const Graph& lane, const Plan& whole,
                              const DeviceSpec& device, const KernelChoices& choices,
                              const PlanOptions& options) {
  const size_t forward = ForwardNodes(lane);
  std::vector<int64_t> workspace;
  for (const PlanNode& node : whole.nodes) workspace.push_back(node.workspace_bytes);
  // The choice counts bytes alive; a plan is a little larger. So the aim falls by what a try was
  // above the budget, and the last one asks for the least there is.
  int64_t aim = budget_bytes, least = 0;
  for (int t = 0; t < kMostBudgetTries; ++t) {
    if (t == kMostBudgetTries - 1) aim = 0;
    const RecomputeChoice choice = ChooseWithinBudget(lane, forward, workspace, aim);
    ASSIGN_OR_RETURN(const PlanPtr plan,
                     Compile(Recompute(lane, forward, choice.dropped), device, choices, options));
    if (plan->arena_bytes <= budget_bytes) return Beside(whole, *plan);
    least = least == 0 ? plan->arena_bytes : std::min(least, plan->arena_bytes);
    if (choice.peak_bytes > aim) break;  // no choice is lower
    aim = choice.peak_bytes - (plan->arena_bytes - budget_bytes);
  }
  return ResourceExhausted("train.recompute allows activations of " + MebibytesUp(budget_bytes) +
                           " MiB and the least that recomputing gives is " + MebibytesUp(least) +
                           " MiB (" + MebibytesUp(whole.arena_bytes) +
                           " MiB without); allow that, or lower batch.lane_batch");
}

// Of a graph without dead code, as the device can run it.
Result<PlanPtr> CompileLive(const Graph& live, const DeviceSpec& device,
                            const RecomputePolicy& recompute, const KernelChoices& choices,
                            const PlanOptions& options) {
  ASSIGN_OR_RETURN(PlanPtr whole, Compile(live, device, choices, options));
  switch (recompute.kind) {
    case RecomputePolicy::Kind::kNone:
      break;
    case RecomputePolicy::Kind::kBlocks:
      return CompileBlocks(live, *whole, device, choices, options);
    case RecomputePolicy::Kind::kBudget:
      if (whole->arena_bytes <= recompute.budget_bytes) break;
      return CompileWithin(recompute.budget_bytes, live, *whole, device, choices, options);
  }
  return whole;
}

}  // namespace

Result<RecomputePolicy> RecomputePolicy::Parse(const std::string& text) {
  if (text == "none") return RecomputePolicy{};
  if (text == "blocks") return RecomputePolicy{Kind::kBlocks, 0};
  int64_t mebibytes = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), mebibytes);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  if (!whole || mebibytes < 1 || mebibytes >= int64_t{1} << 40) {
    return InvalidArgument("train.recompute is \"" + text +
                           "\"; expected \"none\", \"blocks\" or a budget in MiB, at least 1");
  }
  return RecomputePolicy{Kind::kBudget, mebibytes << 20};
}

Result<std::shared_ptr<const Plan>> CompileLane(const Graph& lane, const DeviceSpec& device,
                                                const RecomputePolicy& recompute,
                                                const KernelChoices& choices,
                                                const PlanOptions& options) {
  ASSIGN_OR_RETURN(const DeviceGraph made,
                   ExpandForDevice(RemoveDeadCode(lane), device, *options.registry));
  ASSIGN_OR_RETURN(const PlanPtr plan,
                   CompileLive(made.graph, device, recompute, choices, options));
  return WithExpanded(plan, made.expanded);
}

}  // namespace lockstep::graph
