// SPDX-License-Identifier: Apache-2.0
// The plan. Where plans want weights in another layout, all threads copy them first, once for all
// lanes. Then each thread takes the next lane with a free buffer (comm/reduce/subtree_sums.h), runs
// its plan straight into that buffer, and hands it back: a finished lane is added to its sibling in
// the tree at once, whichever thread ended last. At the end one buffer is left for each maximal
// subtree of this rank's lanes. Which thread ran which lane, and when, changes no bit, since the
// tree alone says what is added to what.
#include "worker/step/lane_runner.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>

#include "base/check.h"
#include "worker/step/add_into.h"

namespace lockstep::worker {

LaneRunner::LaneRunner(const CompiledModel* model, ModelState* state, LaneWorkspaces* workspaces,
                       const Options& options)
    : model_(model),
      state_(state),
      workspaces_(workspaces),
      options_(options),
      plans_(model->program().stages()),
      scalars_(model->precision()),
      sums_(options.lanes, options.all_lanes, workspaces->count(),
            [this](int32_t dst, int32_t src) { AddBuffers(dst, src); }),
      rows_(static_cast<size_t>(options.lanes.size())) {
  for (size_t stage = 0; stage < plans_.size(); ++stage) {
    for (size_t phase = 0; phase < model->phases(); ++phase) {
      auto& plans = plans_[stage].emplace_back();
      for (const auto& [rows, executor] : model->lane_executors(phase, stage)) {
        const graph::Plan& plan = executor->plan();
        plans.emplace(rows, LanePlan{executor.get(), ArgumentPlaces(*model, &plan),
                                     LaneResultPlaces(*model, plan), SumPlaces(&plan)});
      }
    }
  }
}

Result<std::unique_ptr<LaneRunner>> LaneRunner::Make(const CompiledModel* model, ModelState* state,
                                                     LaneWorkspaces* workspaces,
                                                     const Options& options) {
  std::unique_ptr<LaneRunner> runner(new LaneRunner(model, state, workspaces, options));
  RETURN_IF_ERROR(runner->AllocateBuffers());
  return runner;
}

Status LaneRunner::AllocateBuffers() {
  const int64_t gradient = model_->space().elements() * SizeOf(model_->precision());
  const int64_t statistic = model_->running_space().elements() * SizeOf(DType::kFloat64);
  for (int32_t i = 0; i < sums_.buffers(); ++i) {
    ASSIGN_OR_RETURN(DeviceBuffer g, ZeroedBuffer(model_->device(), gradient, "gradients"));
    ASSIGN_OR_RETURN(DeviceBuffer s, ZeroedBuffer(model_->device(), statistic, "statistics"));
    gradients_.push_back(std::move(g));
    statistics_.push_back(std::move(s));
    bytes_ += gradient + statistic;
  }
  return OkStatus();
}

comm::SumRow LaneRunner::EmptyRow(size_t phase) const {
  const SumPlaces& sums = SumPlacesOf(phase);
  return {.f64 = std::vector<double>(kTotalF64Sums + sums.f64(), 0.0),
          .i64 = std::vector<int64_t>(kTotalI64Sums + sums.i64(), 0)};
}

std::vector<graph::SumTotal> LaneRunner::SumsOf(size_t phase, const comm::SumRow& total) const {
  return SumPlacesOf(phase).Totals(total.f64.data() + kTotalF64Sums,
                                   total.i64.data() + kTotalI64Sums, total.i64[kTotalRows]);
}

// Whole arenas: what the phase does not train is added too, and nobody reads it.
void LaneRunner::AddBuffers(int32_t dst, int32_t src) {
  const auto d = static_cast<size_t>(dst), s = static_cast<size_t>(src);
  AddInto(model_->precision(), gradients_[d].data(), gradients_[s].data(),
          model_->space().elements());
  AddInto(DType::kFloat64, statistics_[d].data(), statistics_[s].data(),
          model_->running_space().elements());
}

ScalarCells LaneRunner::ScalarsOf(Step step, size_t phase) const {
  ScalarCells scalars(model_->precision());
  for (const graph::Arg& arg : model_->lane_executors(phase, stage_).begin()->second->plan().args) {
    if (arg.kind != graph::ArgKind::kScalar) continue;
    scalars.Add(arg.name, model_->program().task().ScalarAt(arg.name, step.value));
  }
  return scalars;
}

Status LaneRunner::Run(const storage::StepBatch& batch, size_t phase, std::optional<size_t> stage) {
  CHECK_EQ(static_cast<int64_t>(batch.lanes.size()), options_.lanes.size());
  phase_ = phase;
  stage_ = stage.value_or(plans_.size() - 1);
  scalars_ = ScalarsOf(batch.step, phase);
  sums_.Reset();
  RETURN_IF_ERROR(PrepareParameters(batch));
  RETURN_IF_ERROR(workspaces_->RunAll([&](LaneWorkspace& workspace) -> Status {
    while (const auto claim = sums_.Next()) {
      const auto index = static_cast<size_t>(claim->lane.value - options_.lanes.begin);
      RETURN_IF_ERROR(
          RunLane(batch.lanes[index], batch.step, claim->buffer, /*checked=*/false, workspace));
      sums_.Complete(*claim);
    }
    return OkStatus();
  }));
  gradient_sums_.clear();
  statistic_sums_.clear();
  for (int32_t buffer : sums_.SubtreeBuffers()) {
    gradient_sums_.push_back(gradients_[static_cast<size_t>(buffer)].data());
    statistic_sums_.push_back(statistics_[static_cast<size_t>(buffer)].data());
  }
  return OkStatus();
}

Status LaneRunner::PrepareParameters(const storage::StepBatch& batch) {
  const auto prepared = [&](const storage::LaneBatch& lane) {
    return lane.rows > 0 && !PlanOf(lane.rows).executor->plan().prepared.empty();
  };
  const auto lane = std::find_if(batch.lanes.begin(), batch.lanes.end(), prepared);
  if (lane == batch.lanes.end()) return OkStatus();
  const LanePlan& plan = PlanOf(lane->rows);
  const Executor& executor = *plan.executor;
  const std::vector<const void*> args = plan.args.Bind(*state_, *lane, &scalars_);
  std::atomic<size_t> next = 0;
  return workspaces_->RunAll([&](LaneWorkspace&) -> Status {
    for (size_t i = next++; i < executor.plan().prepared.size(); i = next++) {
      RETURN_IF_ERROR(executor.Prepare(i, args, workspaces_->prepared().data(), nullptr));
    }
    return OkStatus();
  });
}

Status LaneRunner::RunLane(const storage::LaneBatch& lane, Step step, int32_t buffer, bool checked,
                           LaneWorkspace& workspace) {
  const auto b = static_cast<size_t>(buffer);
  comm::SumRow& row = rows_[static_cast<size_t>(lane.lane.value - options_.lanes.begin)];
  row = EmptyRow(phase_);
  if (lane.rows == 0) {
    // A lane without rows runs nothing: its gradient and statistics are +0.0.
    if (gradients_[b].size() > 0) std::memset(gradients_[b].data(), 0, gradients_[b].size());
    if (statistics_[b].size() > 0) std::memset(statistics_[b].data(), 0, statistics_[b].size());
    return OkStatus();
  }
  // Norms that this phase does not call, or that are frozen in this stage, have no elements.
  if ((model_->phases() > 1 || plans_.size() > 1) && statistics_[b].size() > 0) {
    std::memset(statistics_[b].data(), 0, statistics_[b].size());
  }
  const LanePlan& plan = PlanOf(lane.rows);
  LaneScalars& scalars = workspace.scalars;
  const std::vector<const void*> args = plan.args.Bind(*state_, lane, &scalars_);
  const std::vector<void*> results =
      plan.results.Bind(&scalars.numerator, &scalars.denominator, gradients_[b].data(),
                        statistics_[b].data(), workspace.lane_sums.data());
  const RunBindings bindings{
      args,
      results,
      workspace.arena.data(),
      {options_.seed, static_cast<uint32_t>(step.value), static_cast<uint32_t>(lane.lane.value)},
      workspaces_->prepared().data()};
  RETURN_IF_ERROR(checked ? plan.executor->RunChecked(bindings, nullptr)
                          : plan.executor->Run(bindings, nullptr));
  row.f64[kTotalNumerator] = scalars.numerator;
  row.f64[kTotalDenominator] = scalars.denominator;
  row.i64[kTotalRows] = lane.rows;
  const bool finite = std::isfinite(scalars.numerator) && std::isfinite(scalars.denominator);
  row.i64[kTotalNonFinite] = finite ? 0 : 1;
  plan.sums.Add(results, row.f64.data() + kTotalF64Sums, row.i64.data() + kTotalI64Sums);
  return OkStatus();
}

Status LaneRunner::DiagnoseNonFinite(const storage::StepBatch& batch) {
  for (size_t i = 0; i < rows_.size(); ++i) {
    if (rows_[i].i64[kTotalNonFinite] == 0) continue;
    const storage::LaneBatch& lane = batch.lanes[i];
    RETURN_IF_ERROR(PrepareParameters(batch));
    const Status found =
        RunLane(lane, batch.step, /*buffer=*/0, /*checked=*/true, workspaces_->first());
    const std::string where = "step " + std::to_string(batch.step.value + 1) + ", lane " +
                              std::to_string(lane.lane.value);
    if (!found.ok()) return found.WithContext(where);
    return NonFinite(where + ": the loss was not finite, but is when the step is run again");
  }
  return OkStatus();
}

}  // namespace lockstep::worker
