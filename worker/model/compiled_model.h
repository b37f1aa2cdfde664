// SPDX-License-Identifier: Apache-2.0
// CompiledModel: a program compiled for a device, for every row count and block length a run will
// meet, before its first step. Immutable and shared by all ranks and lanes of a process.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "base/device/device.h"
#include "graph/plan/lane_plan.h"
#include "graph/program/program.h"
#include "worker/executor/executor.h"
#include "worker/model/running_space.h"

namespace lockstep::worker {

class CompiledModel {
 public:
  struct Options {
    std::vector<int64_t> lane_rows;  // row counts of lane batches; empty: no training
    std::vector<int64_t> eval_rows;
    graph::RecomputePolicy recompute;  // of lane plans
    bool prepare_parameters = false;   // of the lane plan with the most rows
    graph::KernelChoices kernels;      // of all plans
    bool poison = false;               // Executor::Options
    bool profile = false;              // Executor::Options
    // Looked at before each plan; once set, the compiling ends as cancelled. May be null.
    const std::atomic<bool>* stop = nullptr;
  };
  // Everything that can fail for shapes, kernels or memory fails here. `device` outlives it.
  static Result<std::unique_ptr<CompiledModel>> Make(graph::Program program, Device* device,
                                                     const Options& options);

  // That the plans were compiled for.
  Device* device() const { return device_; }
  const graph::Program& program() const { return program_; }
  const graph::ParameterSpace& space() const { return space_; }
  const RunningSpace& running_space() const { return running_space_; }
  DType precision() const { return program_.options().precision; }

  size_t phases() const { return program_.phases().size(); }
  // The plan of a lane batch of that many rows in a phase of a step of the last stage.
  const Executor& Lane(int64_t rows, size_t phase = 0) const {
    return *lane_.back()[phase].at(rows);
  }
  const Executor& Eval(int64_t rows) const { return *eval_.at(rows); }
  // The update of a block of that length whose parameter is in that group of the program.
  const Executor& Update(int64_t elements, size_t group) const {
    return *update_.at({elements, group});
  }
  // What the norms of such a block's parameter are made of; only where the optimizer reads norms.
  const Executor& Measure(int64_t elements, size_t group) const {
    return *measure_.at({elements, group});
  }
  const Executor& UpdateRunning(size_t layer) const { return *update_running_[layer]; }

  // The largest arena of any plan.
  int64_t arena_bytes() const { return arena_bytes_; }
  // The bytes of the copies of parameters that the lanes of a rank share, in any phase.
  int64_t prepared_bytes() const;
  // The lane plans of a phase by rows: of the last stage, or of a stage.
  using Executors = std::map<int64_t, std::unique_ptr<Executor>>;
  const Executors& lane_executors(size_t phase = 0) const { return lane_.back()[phase]; }
  const Executors& lane_executors(size_t phase, size_t stage) const { return lane_[stage][phase]; }
  const std::map<int64_t, std::unique_ptr<Executor>>& eval_executors() const { return eval_; }
  // The update plans by block length and group.
  using UpdateKey = std::pair<int64_t, size_t>;
  const std::map<UpdateKey, std::unique_ptr<Executor>>& update_executors() const { return update_; }
  // The measuring plans, likewise; none where the optimizer reads no norms.
  const std::map<UpdateKey, std::unique_ptr<Executor>>& measure_executors() const {
    return measure_;
  }
  UpdateKey UpdateKeyOf(const graph::Block& block) const {
    return {block.length, program_.GroupOf(static_cast<size_t>(block.tensor))};
  }
  // The plans of running statistics by layer, in the program's order.
  const std::vector<std::unique_ptr<Executor>>& update_running_executors() const {
    return update_running_;
  }

 private:
  // Whether the running statistics of a batch norm learn: not where it is frozen and keeps them.
  static std::function<bool(const graph::RunningStatistics&)> NormLearns(
      const graph::Program& program) {
    return [&program](const graph::RunningStatistics& layer) {
      return program.options().frozen_norms_learn ||
             !program.IsFrozen(program.ParameterIndex(graph::FileName(layer.path, "weight")));
    };
  }
  CompiledModel(graph::Program program, Device* device)
      : device_(device),
        program_(std::move(program)),
        space_(program_.MakeParameterSpace()),
        running_space_(program_.running(), NormLearns(program_)),
        lane_(program_.stages()) {
    for (auto& phases : lane_) phases = std::vector<Executors>(program_.phases().size());
  }
  Status CompileAll(Device* device, const Options& options);
  Status CompileLanes(size_t phase, size_t stage, Device* device, const Options& options);
  Result<std::unique_ptr<Executor>> CompileOne(const Result<graph::Graph>& graph, Device* device,
                                               const Options& options);
  Result<std::unique_ptr<Executor>> MakeExecutor(std::shared_ptr<const graph::Plan> plan,
                                                 Device* device, const Options& options);

  Device* const device_;
  graph::Program program_;
  graph::ParameterSpace space_;
  RunningSpace running_space_;
  std::vector<std::vector<Executors>> lane_;  // by stage, then by phase
  std::map<int64_t, std::unique_ptr<Executor>> eval_;
  std::map<UpdateKey, std::unique_ptr<Executor>> update_, measure_;
  std::vector<std::unique_ptr<Executor>> update_running_;
  int64_t arena_bytes_ = 0;
};

}  // namespace lockstep::worker
