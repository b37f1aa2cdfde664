// SPDX-License-Identifier: Apache-2.0
#include "worker/measure/library_alone.h"

#include <atomic>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "base/device/device.h"
#include "base/spread.h"
#include "base/thread_pool.h"
#include "graph/plan/lane_plan.h"
#include "worker/executor/executor.h"
#include "worker/measure/made_up_values.h"
#include "worker/model/memory_report.h"
#include "worker/model/model_state.h"

namespace lockstep::worker {
namespace {

using graph::Plan;

Result<std::shared_ptr<const Plan>> WholePlan(const TrainConfig& config, const RunSetup& setup,
                                              LibraryPart part) {
  const CompiledModel& model = *setup.model;
  if (part == LibraryPart::kOfThePlan) {
    return std::make_shared<const Plan>(model.Lane(setup.most_rows).plan());
  }
  graph::ProgramOptions options = model.program().options();
  options.rewrite = false;
  ASSIGN_OR_RETURN(const graph::Program program, graph::Program::Make(options));
  ASSIGN_OR_RETURN(const graph::Graph lane, program.Lane(setup.most_rows));
  ASSIGN_OR_RETURN(const auto recompute, graph::RecomputePolicy::Parse(config.recompute));
  graph::KernelChoices choices;
  choices.library_first = true;
  return graph::CompileLane(lane, setup.device->spec(), recompute, choices,
                            {.prepare_parameters = config.batch.lanes > config.run.ranks});
}

int64_t BytesOfArguments(const Plan& plan) {
  int64_t bytes = 0;
  for (const graph::Arg& arg : plan.args) bytes += arg.type.bytes();
  return bytes;
}

int64_t BytesOfResults(const Plan& plan) {
  int64_t bytes = 0;
  for (const graph::PlanResult& result : plan.results) bytes += result.type.bytes();
  return bytes;
}

// Lanes of one plan, all of which read the same made-up arguments.
class Lanes {
 public:
  static Result<std::unique_ptr<Lanes>> Make(const Plan& plan, Device* device, int32_t lanes,
                                             int32_t at_once) {
    std::unique_ptr<Lanes> made(new Lanes(lanes, at_once));
    ASSIGN_OR_RETURN(made->executor_,
                     Executor::Make(std::make_shared<const Plan>(plan), device, {}));
    for (const graph::Arg& arg : plan.args) {
      ASSIGN_OR_RETURN(DeviceBuffer buffer, ZeroedBuffer(device, arg.type.bytes(), kPurpose));
      FillMadeUp(arg.type, made->argument_buffers_.size(), buffer.data());
      made->arguments_.push_back(buffer.data());
      made->argument_buffers_.push_back(std::move(buffer));
    }
    ASSIGN_OR_RETURN(made->prepared_, ZeroedBuffer(device, plan.prepared_bytes, kPurpose));
    for (Workspace& space : made->workspaces_) {
      ASSIGN_OR_RETURN(space.arena, ZeroedBuffer(device, plan.arena_bytes, kPurpose));
      for (const graph::PlanResult& result : plan.results) {
        ASSIGN_OR_RETURN(DeviceBuffer buffer, ZeroedBuffer(device, result.type.bytes(), kPurpose));
        space.results.push_back(buffer.data());
        space.result_buffers.push_back(std::move(buffer));
      }
    }
    return made;
  }

  // One step: the parameters prepared, then every lane.
  Status Run() {
    const auto entries = static_cast<int64_t>(executor_->plan().prepared.size());
    RETURN_IF_ERROR(ForEach(entries, [this](int64_t i, Workspace&) {
      return executor_->Prepare(static_cast<size_t>(i), arguments_, prepared_.data(), nullptr);
    }));
    return ForEach(lanes_, [this](int64_t lane, Workspace& space) {
      return executor_->Run({.args = arguments_,
                             .results = space.results,
                             .arena = space.arena.data(),
                             .step = {.seed = 1, .step = 0, .lane = static_cast<uint32_t>(lane)},
                             .prepared = prepared_.data()},
                            nullptr);
    });
  }

 private:
  static constexpr std::string_view kPurpose = "the library alone";

  struct Workspace {
    DeviceBuffer arena;
    std::vector<DeviceBuffer> result_buffers;
    std::vector<void*> results;
  };

  Lanes(int32_t lanes, int32_t at_once)
      : lanes_(lanes), workspaces_(static_cast<size_t>(at_once)), pool_(at_once) {}

  // work(i, workspace) for every i of [0, n), in order by whichever thread is free; the first
  // failure by thread.
  template <typename Work>
  Status ForEach(int64_t n, const Work& work) {
    std::atomic<int64_t> next = 0;
    std::vector<Status> statuses(workspaces_.size());
    std::vector<std::function<void()>> tasks;
    for (size_t t = 0; t < workspaces_.size(); ++t) {
      tasks.push_back([&, t] {
        for (int64_t i = next++; i < n && statuses[t].ok(); i = next++) {
          statuses[t] = work(i, workspaces_[t]);
        }
      });
    }
    pool_.Run(tasks);
    for (Status& status : statuses) RETURN_IF_ERROR(std::move(status));
    return OkStatus();
  }

  const int32_t lanes_;
  std::unique_ptr<Executor> executor_;
  std::vector<DeviceBuffer> argument_buffers_;
  std::vector<const void*> arguments_;
  DeviceBuffer prepared_;
  std::vector<Workspace> workspaces_;
  ThreadPool pool_;
};

}  // namespace

Plan LibraryNodesOf(const Plan& plan) {
  Plan library = plan;
  library.nodes.clear();
  library.buffers.clear();  // they are of all nodes
  library.prepared.clear();
  for (graph::PlanResult& result : library.results) {  // copies are nobody's primitives
    result.copy_of_arg = result.copy_of_result = -1;
  }
  std::vector<int32_t> node_now(plan.nodes.size(), -1), entry_now(plan.prepared.size(), -1);
  for (size_t i = 0; i < plan.nodes.size(); ++i) {
    if (!plan.nodes[i].family->is_library()) continue;
    node_now[i] = static_cast<int32_t>(library.nodes.size());
    library.nodes.push_back(plan.nodes[i]);
  }
  for (size_t i = 0; i < plan.prepared.size(); ++i) {
    graph::PreparedParameter entry = plan.prepared[i];
    entry.node = node_now[static_cast<size_t>(entry.node)];
    if (entry.node < 0) continue;
    entry_now[i] = static_cast<int32_t>(library.prepared.size());
    library.prepared.push_back(entry);
  }
  for (graph::PlanNode& node : library.nodes) {
    if (node.prepared >= 0) node.prepared = entry_now[static_cast<size_t>(node.prepared)];
  }
  return library;
}

Result<double> MeasureLibraryAlone(const TrainConfig& config, const RunSetup& setup,
                                   LibraryPart part, int64_t warmup, int64_t steps) {
  ASSIGN_OR_RETURN(const std::shared_ptr<const Plan> whole, WholePlan(config, setup, part));
  const Plan plan = LibraryNodesOf(*whole);
  MemoryReport memory;
  memory.lanes_at_once = setup.lanes_at_once;
  memory.arena = plan.arena_bytes;
  memory.arenas = memory.lanes_at_once * plan.arena_bytes;
  memory.prepared = plan.prepared_bytes;
  memory.parameters = BytesOfArguments(plan);
  memory.gradients = memory.lanes_at_once * BytesOfResults(plan);
  RETURN_IF_ERROR(CheckFits(memory, setup.device->spec().memory_bytes));
  ASSIGN_OR_RETURN(const std::unique_ptr<Lanes> lanes,
                   Lanes::Make(plan, setup.device.get(), config.batch.lanes, setup.lanes_at_once));
  std::vector<double> ms;
  for (int64_t i = -warmup; i < steps; ++i) {
    const TimePoint began = Clock::Real().Now();
    RETURN_IF_ERROR(lanes->Run());
    const std::chrono::duration<double, std::milli> taken = Clock::Real().Now() - began;
    if (i >= 0) ms.push_back(taken.count());
  }
  return SpreadOf(std::move(ms)).median;
}

}  // namespace lockstep::worker
