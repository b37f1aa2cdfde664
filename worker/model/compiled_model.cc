// SPDX-License-Identifier: Apache-2.0
#include "worker/model/compiled_model.h"

#include <algorithm>

#include "base/watch.h"
#include "graph/plan/memory.h"

namespace lockstep::worker {
namespace {

int64_t GuardBytes(bool poison) { return poison ? graph::kBufferAlignment : 0; }

}  // namespace

Result<std::unique_ptr<CompiledModel>> CompiledModel::Make(graph::Program program, Device* device,
                                                           const Options& options) {
  std::unique_ptr<CompiledModel> model(new CompiledModel(std::move(program), device));
  RETURN_IF_ERROR(model->CompileAll(device, options));
  return model;
}

Status CompiledModel::CompileLanes(size_t phase, size_t stage, Device* device,
                                   const Options& options) {
  for (int64_t rows : options.lane_rows) {
    RETURN_IF_ERROR(CheckStop(options.stop));
    ASSIGN_OR_RETURN(const graph::Graph lane, program_.Lane(rows, phase, stage));
    const bool most = rows == *std::max_element(options.lane_rows.begin(), options.lane_rows.end());
    ASSIGN_OR_RETURN(
        std::shared_ptr<const graph::Plan> plan,
        graph::CompileLane(lane, device->spec(), options.recompute, options.kernels,
                           {.guard_bytes = GuardBytes(options.poison),
                            .prepare_parameters = options.prepare_parameters && most}));
    ASSIGN_OR_RETURN(lane_[stage][phase][rows], MakeExecutor(std::move(plan), device, options));
  }
  return OkStatus();
}

Status CompiledModel::CompileAll(Device* device, const Options& options) {
  for (size_t stage = 0; stage < program_.stages(); ++stage) {
    for (size_t phase = 0; phase < phases(); ++phase) {
      RETURN_IF_ERROR(CompileLanes(phase, stage, device, options));
    }
  }
  for (int64_t rows : options.eval_rows) {
    ASSIGN_OR_RETURN(eval_[rows], CompileOne(program_.Eval(rows), device, options));
  }
  if (options.lane_rows.empty()) return OkStatus();
  for (const graph::Block& block : space_.blocks()) {
    const UpdateKey key = UpdateKeyOf(block);
    if (update_.contains(key)) continue;
    ASSIGN_OR_RETURN(update_[key],
                     CompileOne(program_.Update(key.first, key.second), device, options));
    if (program_.norms().empty()) continue;
    ASSIGN_OR_RETURN(measure_[key],
                     CompileOne(program_.Measure(key.first, key.second), device, options));
  }
  for (const graph::RunningStatistics& layer : program_.running()) {
    ASSIGN_OR_RETURN(
        std::unique_ptr<Executor> executor,
        CompileOne(program_.UpdateRunning(layer.channels, layer.momentum), device, options));
    update_running_.push_back(std::move(executor));
  }
  return OkStatus();
}

int64_t CompiledModel::prepared_bytes() const {
  int64_t most = 0;
  for (const auto& phases : lane_) {
    for (const Executors& executors : phases) {
      int64_t bytes = 0;
      for (const auto& [rows, executor] : executors) bytes += executor->plan().prepared_bytes;
      most = std::max(most, bytes);
    }
  }
  return most;
}

Result<std::unique_ptr<Executor>> CompiledModel::CompileOne(const Result<graph::Graph>& graph,
                                                            Device* device,
                                                            const Options& options) {
  RETURN_IF_ERROR(CheckStop(options.stop));
  if (!graph.ok()) return graph.status();
  ASSIGN_OR_RETURN(std::shared_ptr<const graph::Plan> plan,
                   graph::Compile(*graph, device->spec(), options.kernels,
                                  {.guard_bytes = GuardBytes(options.poison)}));
  return MakeExecutor(std::move(plan), device, options);
}

Result<std::unique_ptr<Executor>> CompiledModel::MakeExecutor(
    std::shared_ptr<const graph::Plan> plan, Device* device, const Options& options) {
  arena_bytes_ = std::max(arena_bytes_, plan->arena_bytes);
  return Executor::Make(std::move(plan), device,
                        {.poison = options.poison, .profile = options.profile});
}

}  // namespace lockstep::worker
