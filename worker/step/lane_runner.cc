// SPDX-License-Identifier: Apache-2.0
#include "worker/step/lane_runner.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>

#include "base/check.h"
#include "worker/step/add_into.h"
#include "worker/step/bindings.h"

namespace lockstep::worker {
namespace {

// n mean and n uvar of one batch norm of one lane, in double; +0.0 where n is 0, whatever a kernel
// takes the variance of one element to be.
template <typename T>
void StoreWeighted(const void* values, int64_t channels, double n, double* out) {
  if (n == 0.0) {
    std::fill_n(out, channels, 0.0);
    return;
  }
  const T* v = static_cast<const T*>(values);
  for (int64_t i = 0; i < channels; ++i) out[i] = n * static_cast<double>(v[i]);
}

}  // namespace

comm::SumRow EmptyLaneRow() { return {.f64 = {0.0, 0.0}, .i64 = {0, 0, 0, 0}}; }

LaneRunner::LaneRunner(const CompiledModel* model, ModelState* state, LaneWorkspaces* workspaces,
                       const Options& options)
    : model_(model),
      state_(state),
      workspaces_(workspaces),
      options_(options),
      sums_(options.lanes, options.all_lanes, workspaces->count(),
            [this](int32_t dst, int32_t src) { AddBuffers(dst, src); }),
      rows_(static_cast<size_t>(options.lanes.size())) {}

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
    ASSIGN_OR_RETURN(AlignedBuffer g, ZeroedBuffer(gradient));
    ASSIGN_OR_RETURN(AlignedBuffer s, ZeroedBuffer(statistic));
    gradients_.push_back(std::move(g));
    statistics_.push_back(std::move(s));
    bytes_ += gradient + statistic;
  }
  return OkStatus();
}

void LaneRunner::AddBuffers(int32_t dst, int32_t src) {
  const auto d = static_cast<size_t>(dst), s = static_cast<size_t>(src);
  AddInto(model_->precision(), gradients_[d].data(), gradients_[s].data(),
          model_->space().elements());
  AddInto(DType::kFloat64, statistics_[d].data(), statistics_[s].data(),
          model_->running_space().elements());
}

Status LaneRunner::Run(const storage::StepBatch& batch) {
  CHECK_EQ(static_cast<int64_t>(batch.lanes.size()), options_.lanes.size());
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
    return lane.rows > 0 && !model_->Lane(lane.rows).plan().prepared.empty();
  };
  const auto lane = std::find_if(batch.lanes.begin(), batch.lanes.end(), prepared);
  if (lane == batch.lanes.end()) return OkStatus();
  const Executor& executor = model_->Lane(lane->rows);
  const std::vector<const void*> args = BindArguments(*model_, executor.plan(), *state_, *lane);
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
  row = EmptyLaneRow();
  if (lane.rows == 0) {
    // A lane without rows runs nothing: its gradient and statistics are +0.0.
    if (gradients_[b].size() > 0) std::memset(gradients_[b].data(), 0, gradients_[b].size());
    if (statistics_[b].size() > 0) std::memset(statistics_[b].data(), 0, statistics_[b].size());
    return OkStatus();
  }
  const Executor& executor = model_->Lane(lane.rows);
  const std::vector<const void*> args = BindArguments(*model_, executor.plan(), *state_, lane);
  std::vector<void*> results;
  BindResults(executor.plan(), buffer, workspace, &results);
  const RunBindings bindings{
      args,
      results,
      workspace.arena.data(),
      {options_.seed, static_cast<uint32_t>(step.value), static_cast<uint32_t>(lane.lane.value)},
      workspaces_->prepared().data()};
  RETURN_IF_ERROR(checked ? executor.RunChecked(bindings, nullptr)
                          : executor.Run(bindings, nullptr));
  StoreStatistics(workspace, lane.rows, buffer);
  const LaneScalars& scalars = workspace.scalars;
  row.f64 = {scalars.numerator, scalars.denominator};
  row.i64 = {scalars.correct, lane.rows, std::isfinite(scalars.numerator) ? 0 : 1, 0};
  return OkStatus();
}

void LaneRunner::BindResults(const graph::Plan& plan, int32_t buffer, LaneWorkspace& workspace,
                             std::vector<void*>* results) {
  const int64_t size = SizeOf(model_->precision());
  char* gradients = static_cast<char*>(gradients_[static_cast<size_t>(buffer)].data());
  char* statistics = static_cast<char*>(workspace.statistics.data());
  // The order Program::Lane documents: loss pair and count, gradients, then mean and variance of
  // each batch norm.
  results->assign(
      {&workspace.scalars.numerator, &workspace.scalars.denominator, &workspace.scalars.correct});
  for (const graph::Segment& segment : model_->space().segments()) {
    results->push_back(gradients + segment.offset * size);
  }
  const RunningSpace& running = model_->running_space();
  for (size_t i = 0; i < running.blocks().size(); ++i) {
    results->push_back(statistics + running.MeanAt(i) * size);
    results->push_back(statistics + running.VarianceAt(i) * size);
  }
  CHECK_EQ(results->size(), plan.results.size());
}

void LaneRunner::StoreStatistics(const LaneWorkspace& workspace, int64_t rows, int32_t buffer) {
  const RunningSpace& running = model_->running_space();
  double* sums = static_cast<double*>(statistics_[static_cast<size_t>(buffer)].data());
  const char* lane = static_cast<const char*>(workspace.statistics.data());
  for (size_t i = 0; i < running.blocks().size(); ++i) {
    const graph::RunningStatistics& layer = model_->program().running()[i];
    const int64_t elements = rows * layer.positions;
    // A lane with fewer than 2 elements a channel has no unbiased variance: it does not count.
    const double n = elements >= 2 ? static_cast<double>(elements) : 0.0;
    sums[running.CountAt(i)] = n;
    for (int64_t at : {running.MeanAt(i), running.VarianceAt(i)}) {
      const char* values = lane + at * SizeOf(model_->precision());
      if (model_->precision() == DType::kFloat64) {
        StoreWeighted<double>(values, layer.channels, n, sums + at);
      } else {
        StoreWeighted<float>(values, layer.channels, n, sums + at);
      }
    }
  }
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
