// SPDX-License-Identifier: Apache-2.0
// LaneRunner: runs the lanes of a rank for one phase of a step, several at once, and adds their
// gradients and batch statistics by the canonical tree as they finish. The result's bits depend on
// nothing but the batches and the parameters.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "comm/reduce/all_sum.h"
#include "comm/reduce/subtree_sums.h"
#include "storage/loader/batch.h"
#include "worker/model/compiled_model.h"
#include "worker/model/model_state.h"
#include "worker/step/bindings.h"
#include "worker/step/lane_workspace.h"
#include "worker/step/scalar_cells.h"
#include "worker/step/sum_places.h"

namespace lockstep::worker {

// What a lane adds to the totals of a phase: f64 {numerator, denominator, the task's sums}, i64
// {rows, lanes with a loss that is not finite, ranks asked to stop (by their first lane), the
// task's sums}.
enum TotalF64 : size_t { kTotalNumerator, kTotalDenominator, kTotalF64Sums };
enum TotalI64 : size_t { kTotalRows, kTotalNonFinite, kTotalStop, kTotalI64Sums };

class LaneRunner {
 public:
  struct Options {
    Range lanes;            // of this rank
    int32_t all_lanes = 1;  // V
    uint64_t seed = 0;
  };
  // All outlive the runner.
  static Result<std::unique_ptr<LaneRunner>> Make(const CompiledModel* model, ModelState* state,
                                                  LaneWorkspaces* workspaces,
                                                  const Options& options);

  // Runs every lane of the batch in a phase of a stage (none: the last). Afterwards gradients(),
  // statistics() and rows() hold the phase's; gradients of what it does not train say nothing.
  Status Run(const storage::StepBatch& batch, size_t phase = 0,
             std::optional<size_t> stage = std::nullopt);

  // One arena per maximal subtree of this rank's lanes, in order.
  const std::vector<void*>& gradients() const { return gradient_sums_; }
  const std::vector<void*>& statistics() const { return statistic_sums_; }
  const std::vector<comm::SumRow>& rows() const { return rows_; }  // by lane
  // That of a lane without rows, in a phase.
  comm::SumRow EmptyRow(size_t phase) const;
  // The task's sums in the total of the rows of a phase.
  std::vector<graph::SumTotal> SumsOf(size_t phase, const comm::SumRow& total) const;
  LaneWorkspaces& workspaces() const { return *workspaces_; }

  // Runs the first lane whose loss was not finite in the last phase run again with checks:
  // NonFinite naming lane, layer and op. OK when this rank has no such lane.
  Status DiagnoseNonFinite(const storage::StepBatch& batch);

  int64_t bytes() const { return bytes_; }

 private:
  LaneRunner(const CompiledModel* model, ModelState* state, LaneWorkspaces* workspaces,
             const Options& options);
  // A compiled lane plan, and where its arguments and results lie.
  struct LanePlan {
    const Executor* executor;
    ArgumentPlaces args;
    LaneResultPlaces results;
    SumPlaces sums;
  };

  Status AllocateBuffers();
  const LanePlan& PlanOf(int64_t rows) const { return plans_[stage_][phase_].at(rows); }
  // The sums of any plan of a phase: those of all stages and row counts are the same.
  const SumPlaces& SumPlacesOf(size_t phase) const {
    return plans_[stage_][phase].begin()->second.sums;
  }
  // The scalars that the phase's plans read.
  ScalarCells ScalarsOf(Step step, size_t phase) const;
  // Copies the parameters for the plan that has them prepared, if a lane of the batch runs it.
  Status PrepareParameters(const storage::StepBatch& batch);
  Status RunLane(const storage::LaneBatch& lane, Step step, int32_t buffer, bool checked,
                 LaneWorkspace& workspace);
  void AddBuffers(int32_t dst, int32_t src);

  const CompiledModel* model_;
  ModelState* state_;
  LaneWorkspaces* workspaces_;
  Options options_;
  std::vector<std::vector<std::map<int64_t, LanePlan>>> plans_;  // by stage, phase and rows
  size_t phase_ = 0, stage_ = 0;                                 // those run last
  ScalarCells scalars_;                                          // of that step and phase
  comm::SubtreeSums sums_;
  std::vector<DeviceBuffer> gradients_, statistics_;  // by buffer of sums_
  std::vector<void*> gradient_sums_, statistic_sums_;
  std::vector<comm::SumRow> rows_;
  int64_t bytes_ = 0;
};

}  // namespace lockstep::worker
