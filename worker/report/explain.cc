// SPDX-License-Identifier: Apache-2.0
#include "worker/report/explain.h"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

#include "base/format.h"
#include "base/hash.h"
#include "base/options/option.h"
#include "comm/reduce/canonical_tree.h"
#include "worker/model/memory_report.h"
#include "worker/model/run_setup.h"
#include "worker/model/setup_warnings.h"

namespace lockstep::worker {
namespace {

using graph::Graph;
using graph::Node;

constexpr size_t kCostliest = 4;  // layers that the short form names

struct LayerRow {
  std::string path, ops, shape;
  int64_t parameters = 0, flops = 0;
};

std::string Grouped(int64_t n) {
  std::string digits = std::to_string(n);
  for (int64_t at = static_cast<int64_t>(digits.size()) - 3; at > 0; at -= 3) {
    digits.insert(static_cast<size_t>(at), ",");
  }
  return digits;
}

// Consecutive forward nodes of one path are one layer.
std::vector<LayerRow> Layers(const Graph& eval) {
  std::vector<LayerRow> rows;
  for (const Node& node : eval.nodes()) {
    if (rows.empty() || rows.back().path != node.path) rows.push_back({node.path, "", "", 0, 0});
    LayerRow& row = rows.back();
    row.ops += (row.ops.empty() ? "" : " ") + node.op->name;
    row.shape = eval.TypeOf(node.out[0]).ToString();
    row.flops += node.op->cost(eval.SpecOf(node)).flops;
    for (graph::Value v : node.in) {
      const int32_t arg = eval.ArgOf(v);
      if (arg < 0) continue;
      const graph::Arg& a = eval.args()[static_cast<size_t>(arg)];
      if (a.kind == graph::ArgKind::kParameter) row.parameters += a.type.shape.elements();
    }
  }
  return rows;
}

int64_t FlopsOf(const std::vector<LayerRow>& layers) {
  int64_t flops = 0;
  for (const LayerRow& layer : layers) flops += layer.flops;
  return flops;
}

std::string NameOf(const LayerRow& layer) { return layer.path.empty() ? "-" : layer.path; }

void PrintLayers(const std::vector<LayerRow>& layers, int64_t rows, std::string* text) {
  *text += Format("%-18s %-34s %-22s %12s %14s\n", "layer", "ops", "output", "parameters",
                  "FLOPs/image");
  for (const LayerRow& layer : layers) {
    *text += Format("%-18s %-34s %-22s %12s %14s\n", NameOf(layer).c_str(), layer.ops.c_str(),
                    layer.shape.c_str(), Grouped(layer.parameters).c_str(),
                    Grouped(layer.flops / rows).c_str());
  }
  *text += "\n";
}

// Those with the most FLOPs, in the order of the network.
void PrintCostliestLayers(const std::vector<LayerRow>& layers, int64_t rows, std::string* text) {
  std::vector<size_t> order(layers.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return layers[a].flops > layers[b].flops; });
  order.resize(std::min(order.size(), kCostliest));
  std::sort(order.begin(), order.end());
  *text +=
      Format("%-28s %-20s %12s %16s\n", "costliest layers", "output", "parameters", "FLOPs/image");
  for (const size_t i : order) {
    *text += Format("%-28s %-20s %12s %16s\n", NameOf(layers[i]).c_str(), layers[i].shape.c_str(),
                    Grouped(layers[i].parameters).c_str(), Grouped(layers[i].flops / rows).c_str());
  }
  *text +=
      Format("%zu layers in all; --layers lists them, with the time of each\n\n", layers.size());
}

void PrintRows(const RunSetup& setup, std::string* text) {
  *text += "rows of a lane batch:";
  for (const auto& [rows, executor] : setup.model->lane_executors()) {
    *text += " " + std::to_string(rows);
  }
  *text += " (a plan for each)\n\n";
}

// The plan of a full lane batch in a phase.
const graph::Plan& FullPlan(const RunSetup& setup, size_t phase) {
  return setup.model->lane_executors(phase).rbegin()->second->plan();
}

// The name of a phase behind a line that is about it, where the task has several.
std::string InPhase(const RunSetup& setup, size_t phase) {
  if (setup.model->phases() == 1) return "";
  return " in the phase '" + setup.model->program().phases()[phase].name + "'";
}

void PrintPhases(const TrainConfig& config, const RunSetup& setup, std::string* text) {
  const auto& phases = setup.model->program().phases();
  if (phases.size() == 1) return;
  *text +=
      "the task " + config.task + " has " + std::to_string(phases.size()) + " phases per step: ";
  for (size_t i = 0; i < phases.size(); ++i) {
    *text += (i == 0 ? "" : ", ") + phases[i].name;
    if (phases[i].every > 1) *text += " (every " + std::to_string(phases[i].every) + " steps)";
  }
  *text += "\n";
}

// The groups of parameters and what is frozen, where the recipe says something of either.
void PrintGroups(const TrainConfig& config, const graph::Program& program, std::string* text) {
  const auto& groups = program.update_groups();
  std::vector<std::pair<int64_t, int64_t>> sizes(groups.size());  // tensors, elements
  std::pair<int64_t, int64_t> frozen;
  for (size_t i = 0; i < program.parameters().size(); ++i) {
    auto& [tensors, elements] = program.IsFrozen(i) ? frozen : sizes[program.GroupOf(i)];
    ++tensors;
    elements += program.parameters()[i].type.shape.elements();
  }
  if (groups.size() == 1 && frozen.first == 0) return;
  *text += Format("%-28s %8s %14s %14s %14s %13s\n", "group of parameters", "tensors", "parameters",
                  "learning rate", "weight decay", "trained from");
  const auto row = [&](const std::string& name, const std::pair<int64_t, int64_t>& size,
                       const std::string& lr, const std::string& decay, const std::string& from) {
    *text += Format("%-28s %8s %14s %14s %14s %13s\n", name.c_str(), Grouped(size.first).c_str(),
                    Grouped(size.second).c_str(), lr.c_str(), decay.c_str(), from.c_str());
  };
  for (size_t i = 0; i < groups.size(); ++i) {
    const size_t at = (i + 1) % groups.size();  // that of all others comes last
    const AttrValue* const decay = groups[at].optimizer.Find("weight_decay");
    row(at == 0 ? "all others" : groups[at].pattern, sizes[at],
        Format("%g", config.optimizer.lr * groups[at].lr_scale),
        decay == nullptr ? "-" : OptionText(*decay),
        "epoch " + std::to_string(groups[at].unfreeze_epoch + 1));
  }
  if (frozen.first > 0) row("frozen", frozen, "-", "-", "never");
  *text += "\n";
}

// What the plans of a full lane batch run again, and what that saves.
void PrintRecompute(const RunSetup& setup, std::string* text) {
  for (size_t phase = 0; phase < setup.model->phases(); ++phase) {
    const graph::Plan& plan = FullPlan(setup, phase);
    if (plan.arena_without_recompute == 0) continue;
    const int64_t again = plan.recomputed_flops(), once = plan.flops() - again;
    *text += Format("    recomputed  %10s  FLOPs per lane again, %.1f %% more; %s less than %s%s\n",
                    Grouped(again).c_str(),
                    100.0 * static_cast<double>(again) / static_cast<double>(once),
                    BytesText(plan.arena_without_recompute - plan.arena_bytes).c_str(),
                    BytesText(plan.arena_without_recompute).c_str(), InPhase(setup, phase).c_str());
  }
}

void PrintMemory(const TrainConfig& config, const RunSetup& setup, std::string* text) {
  const MemoryReport plan = PlannedMemory(config, setup);
  *text += Format("memory of all ranks (%d), before the first step\n", plan.ranks);
  *text += Format("  activations   %10s  %d at once, %s each (lower bound %s)\n",
                  BytesText(plan.arenas).c_str(), plan.lanes_at_once, BytesText(plan.arena).c_str(),
                  BytesText(plan.arena_lower_bound).c_str());
  PrintRecompute(setup, text);
  *text += Format("  parameters    %10s  with running statistics; one optimizer state in all\n",
                  BytesText(plan.parameters).c_str());
  if (plan.prepared > 0) {
    *text += Format("  prepared      %10s  weights as kernels want them, for all lanes\n",
                    BytesText(plan.prepared).c_str());
  }
  *text += Format("  gradients     %10s  buffers of the canonical sum\n",
                  BytesText(plan.gradients).c_str());
  *text += Format("  batches       %10s  made ahead\n", BytesText(plan.batches).c_str());
  *text += Format("  samples       %10s  records held, images being augmented\n",
                  BytesText(plan.samples).c_str());
  *text += Format("  checkpoint    %10s  a copy of the state while it is written, on rank 0\n\n",
                  BytesText(plan.checkpoint).c_str());
}

void PrintExchange(const TrainConfig& config, std::string* text) {
  *text += "exchange (reduce + gather), bytes moved relative to a ring's:";
  for (int32_t ranks = 2; ranks <= config.batch.lanes; ++ranks) {
    *text += Format("%s W=%d %.2f", ranks == 2 ? "" : ",", ranks,
                    comm::ExchangeCostFactor(config.batch.lanes, ranks));
    if (ranks >= 8 && config.batch.lanes > 16) ranks = 2 * ranks - 1;  // 8, 16, 32, ...
  }
  *text += "\n\n";
}

// The nodes of the plans of a full lane batch that do not run their first kernel.
void PrintKernels(const RunSetup& setup, bool list, std::string* text) {
  const graph::KernelChoices& choices = setup.kernels.choices;
  if (setup.kernels.path.empty()) return;
  *text += "kernels chosen by " + setup.kernels.path + " (hash " + Hex64(setup.kernels.hash) + ")" +
           (list ? ", all others the first of their op:\n" : "\n\n");
  if (!list) return;
  int64_t chosen = 0;
  for (size_t phase = 0; phase < setup.model->phases(); ++phase) {
    for (const graph::PlanNode& node : FullPlan(setup, phase).nodes) {
      if (!choices.by_node.contains(graph::NodeKey(node.spec))) continue;
      ++chosen;
      *text +=
          Format("  %-30s %-26s %s %s%s\n", node.spec.path.empty() ? "-" : node.spec.path.c_str(),
                 node.spec.op->name.c_str(), node.candidate.kernel.c_str(),
                 node.candidate.algorithm.c_str(), InPhase(setup, phase).c_str());
    }
  }
  *text += chosen == 0 ? "  none in a full lane batch\n\n" : "\n";
}

struct Totals {
  int64_t parameters = 0, flops_an_image = 0;
  std::string time;
};

void PrintTotals(const TrainConfig& config, const RunSetup& setup, const Totals& totals,
                 std::string* text) {
  *text += "total\n";
  *text += "  parameters  " + Grouped(totals.parameters) + "\n";
  *text += "  forward     " + Grouped(totals.flops_an_image) + " FLOPs per image\n";
  *text += Format("  steps       %s per epoch, %s in all; %s samples in %d lanes of %lld\n",
                  Grouped(setup.steps_per_epoch).c_str(), Grouped(setup.total_steps).c_str(),
                  Grouped(setup.order.samples).c_str(), config.batch.lanes,
                  static_cast<long long>(config.batch.lane_batch));
  *text += "  memory      " + BytesText(PlannedMemory(config, setup).peak()) +
           " at most, before receive buffers\n";
  *text += "  a step      " + totals.time + "\n";
}

}  // namespace

Result<std::string> Explain(const TrainConfig& config, const ExplainOptions& options) {
  ASSIGN_OR_RETURN(Explanation explanation, ExplainWithFigures(config, options));
  return std::move(explanation.text);
}

Result<Explanation> ExplainWithFigures(const TrainConfig& config, const ExplainOptions& options) {
  ASSIGN_OR_RETURN(const RunSetup setup, SetUp(config));
  const int64_t rows = config.batch.lane_batch;
  const graph::Program& program = setup.model->program();
  ASSIGN_OR_RETURN(const Graph eval, program.Eval(rows));
  ASSIGN_OR_RETURN(const TimeText time, ExplainTime(config, setup, options.time));
  const std::vector<LayerRow> layers = Layers(eval);
  std::string text = "model " + config.model.name + ", " + std::to_string(rows) +
                     " images per lane, optimizer " + config.optimizer.name + "\n";
  PrintPhases(config, setup, &text);
  PrintGroups(config, program, &text);
  if (options.layers) {
    text += "\n";
    PrintLayers(layers, rows, &text);
    PrintRows(setup, &text);
    if (config.batch.lanes > 1) PrintExchange(config, &text);
    text += time.layers + "\n";
    PrintKernels(setup, /*list=*/true, &text);
  } else {
    PrintKernels(setup, /*list=*/false, &text);
    PrintCostliestLayers(layers, rows, &text);
  }
  PrintMemory(config, setup, &text);
  for (const std::string& warning : SetupWarnings(config, setup)) {
    text += "warning: " + warning + "\n";
  }
  PrintTotals(config, setup, {program.parameter_count(), FlopsOf(layers) / rows, time.total},
              &text);
  const CompiledModel& model = *setup.model;
  return Explanation{.text = std::move(text),
                     .parameter_bytes = model.space().elements() * SizeOf(config.precision),
                     .running_state = !model.running_space().learning().empty(),
                     .lanes_at_once = setup.lanes_at_once,
                     .lanes_ms = time.step_ms,
                     .measured = time.measured,
                     .image = program.options().image,
                     .classes = program.options().model_options.classes};
}

}  // namespace lockstep::worker
