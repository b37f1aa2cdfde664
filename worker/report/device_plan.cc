// SPDX-License-Identifier: Apache-2.0
// The recipe is set up for this machine, which gives the program and the rows of its lane batches;
// its graphs are then looked at for the other device.
#include "worker/report/device_plan.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "base/format.h"
#include "comm/reduce/canonical_tree.h"
#include "comm/reduce/subtree_sums.h"
#include "graph/passes/dead_code.h"
#include "graph/plan/activations.h"
#include "graph/plan/lane_plan.h"
#include "worker/model/memory_report.h"
#include "worker/model/run_setup.h"

namespace lockstep::worker {
namespace {

using graph::DeviceGraph;
using graph::Graph;
using graph::Node;

// What runs the nodes of one op.
struct OpRow {
  int64_t nodes = 0, without = 0;
  std::string kernel;   // of the first node that has one
  std::string reasons;  // of the first node without, a line each
};

struct Survey {
  std::map<std::string, OpRow> ops;
  std::map<std::string, int64_t> expanded;  // nodes by op
  double least_ms = 0.0;                    // of the lanes' nodes, by the device's ceilings
  bool lanes_have_kernels = true;
};

// The lines of a refusal after its first: a reason for each kernel there is.
std::string ReasonsOf(const Status& status) {
  const size_t line = status.message().find('\n');
  return line == std::string::npos ? "\n  it has no kernel" : status.message().substr(line);
}

Status AddNode(const ops::NodeSpec& node, const DeviceSpec& device, Survey* survey, bool* has) {
  OpRow& row = survey->ops[node.op->name];
  ++row.nodes;
  const Result<graph::KernelOption> option = graph::ChooseKernel(node, device, {});
  *has = option.ok();
  if (option.ok()) {
    if (row.kernel.empty()) row.kernel = option->candidate.kernel;
    return OkStatus();
  }
  if (option.status().code() != StatusCode::kFailedPrecondition) return option.status();
  ++row.without;
  if (row.reasons.empty()) row.reasons = ReasonsOf(option.status());
  return OkStatus();
}

// Looks at a graph, which may be a lane's; returns it as the device can run it.
Result<Graph> AddGraph(const Result<Graph>& graph, const DeviceSpec& device, bool lane,
                       Survey* survey) {
  if (!graph.ok()) return graph.status();
  ASSIGN_OR_RETURN(DeviceGraph made, graph::ExpandForDevice(graph::RemoveDeadCode(*graph), device));
  for (const graph::ExpandedNode& node : made.expanded) ++survey->expanded[node.op];
  for (const Node& node : made.graph.nodes()) {
    const ops::NodeSpec spec = made.graph.SpecOf(node);
    bool has = false;
    RETURN_IF_ERROR(AddNode(spec, device, survey, &has));
    if (!lane) continue;
    survey->lanes_have_kernels = survey->lanes_have_kernels && has;
    const ops::Cost cost = node.op->cost(spec);
    double seconds = 0.0;
    if (device.gflops > 0) seconds = 1e-9 * static_cast<double>(cost.flops) / device.gflops;
    if (device.gbytes_per_second > 0) {
      seconds =
          std::max(seconds, 1e-9 * static_cast<double>(cost.bytes) / device.gbytes_per_second);
    }
    survey->least_ms += 1e3 * seconds;
  }
  return std::move(made.graph);
}

// The rows of the largest lane batch.
int64_t FullRows(const RunSetup& setup, size_t phase) {
  return setup.model->lane_executors(phase).rbegin()->first;
}

// Looks at all graphs of a step. `arena`: of the lane that needs most.
Status LookAtGraphs(const TrainConfig& config, const RunSetup& setup, const DeviceSpec& device,
                    Survey* survey, int64_t* arena) {
  const graph::Program& program = setup.model->program();
  ASSIGN_OR_RETURN(const graph::RecomputePolicy recompute,
                   graph::RecomputePolicy::Parse(config.recompute));
  std::vector<Graph> lanes;
  for (size_t phase = 0; phase < setup.model->phases(); ++phase) {
    const int64_t rows = FullRows(setup, phase);
    ASSIGN_OR_RETURN(Graph lane, AddGraph(program.Lane(rows, phase), device, true, survey));
    lanes.push_back(std::move(lane));
  }
  for (const auto& [key, executor] : setup.model->update_executors()) {
    RETURN_IF_ERROR(
        AddGraph(program.Update(key.first, key.second), device, false, survey).status());
  }
  for (const graph::RunningStatistics& layer : program.running()) {
    RETURN_IF_ERROR(
        AddGraph(program.UpdateRunning(layer.channels, layer.momentum), device, false, survey)
            .status());
  }
  for (const Graph& lane : lanes) {
    int64_t bytes = 0;
    if (survey->lanes_have_kernels) {
      ASSIGN_OR_RETURN(const auto plan, graph::CompileLane(lane, device, recompute));
      bytes = plan->arena_bytes;
    } else {
      bytes = graph::PlanActivations(lane, device.buffer_alignment).arena_bytes;
    }
    *arena = std::max(*arena, bytes);
  }
  return OkStatus();
}

void PrintDevice(const DeviceSpec& device, std::string* text) {
  *text += "plans for " + (device.name.empty() ? "a device without a name" : device.name) + ", " +
           (device.isa.empty() ? "architecture unknown" : device.isa);
  if (device.sm_count > 0) *text += Format(", %d multiprocessors", device.sm_count);
  if (device.memory_bytes > 0) *text += ", " + BytesText(device.memory_bytes);
  if (!device.origin.empty()) *text += " (" + device.origin + ")";
  *text += "\n\n";
}

void PrintOps(const Survey& survey, std::string* text) {
  for (const auto& [op, nodes] : survey.expanded) {
    *text += Format("fused op %s, %lld nodes: no kernel, stands as its parts\n", op.c_str(),
                    static_cast<long long>(nodes));
  }
  if (!survey.expanded.empty()) *text += "\n";
  int64_t without = 0;
  *text += Format("%-28s %6s  %s\n", "op", "nodes", "kernel");
  for (const auto& [op, row] : survey.ops) {
    without += row.without > 0 ? 1 : 0;
    std::string kernel = row.kernel.empty() ? "none" : row.kernel;
    if (!row.kernel.empty() && row.without > 0) {
      kernel += Format(", none for %lld of them", static_cast<long long>(row.without));
    }
    *text +=
        Format("%-28s %6lld  %s\n", op.c_str(), static_cast<long long>(row.nodes), kernel.c_str());
    for (size_t at = 0; at < row.reasons.size();) {  // each line begins with a newline
      const size_t end = std::min(row.reasons.find('\n', at + 1), row.reasons.size());
      *text += Format("%-28s %6s%s\n", "", "", row.reasons.substr(at + 1, end - at - 1).c_str());
      at = end;
    }
  }
  *text += Format("%lld of %zu ops have no kernel there%s\n\n", static_cast<long long>(without),
                  survey.ops.size(), without == 0 ? "" : ": such a model cannot run on it");
}

// A rank that has all lanes of the run, one at a time.
void PrintMemory(const TrainConfig& config, const RunSetup& setup, const DeviceSpec& device,
                 const Survey& survey, int64_t arena, std::string* text) {
  const CompiledModel& model = *setup.model;
  const int64_t size = SizeOf(model.precision());
  const auto slots = static_cast<int64_t>(model.program().slots().size());
  const int64_t parameters =
      (model.space().arena_elements() + model.running_space().arena_elements()) * size +
      slots * model.space().elements() * size;
  const int32_t buffers =
      comm::SubtreeSums::BuffersNeeded({0, config.batch.lanes}, config.batch.lanes, /*at_once=*/1);
  const int64_t gradients = buffers * model.space().elements() * size;
  const int64_t batch = LaneBatchBytes(setup);
  const int64_t peak = arena + parameters + gradients + batch + device.context_bytes;
  const auto line = [&](const char* what, int64_t bytes, const char* remark) {
    *text += Format("  %-14s%10s  %s\n", what, BytesText(bytes).c_str(), remark);
  };
  *text += "memory of one rank there, one lane at a time\n";
  line("activations", arena,
       survey.lanes_have_kernels ? "with the workspaces of kernels"
                                 : "at most, nothing in place; without workspaces of kernels");
  line("parameters", parameters, "with running statistics and the optimizer's state");
  line("gradients", gradients, "buffers of the canonical sum");
  line("batch", batch, "of a lane");
  line("context", device.context_bytes,
       device.context_bytes > 0 ? "what driver and libraries take"
                                : "of driver and libraries: unknown, it was never measured");
  *text += "total\n  memory      " + BytesText(peak);
  if (device.memory_bytes > 0) {
    *text += peak <= device.memory_bytes ? ", which fits into " : ", which does not fit into ";
    *text += BytesText(device.memory_bytes);
  }
  *text += "\n";
}

}  // namespace

Result<std::string> ExplainForDevice(const TrainConfig& config, const DeviceSpec& device) {
  ASSIGN_OR_RETURN(const RunSetup setup, SetUp(config));
  Survey survey;
  int64_t arena = 0;
  RETURN_IF_ERROR(LookAtGraphs(config, setup, device, &survey, &arena));
  std::string text = "model " + config.model.name + ", " + std::to_string(config.batch.lane_batch) +
                     " images per lane, optimizer " + config.optimizer.name + "\n";
  PrintDevice(device, &text);
  PrintOps(survey, &text);
  PrintMemory(config, setup, device, survey, arena, &text);
  if (survey.least_ms > 0) {
    text += Format("  a lane      %.3g ms at least, in fp32 by the device's ceilings\n",
                   survey.least_ms);
  }
  return text;
}

}  // namespace lockstep::worker
