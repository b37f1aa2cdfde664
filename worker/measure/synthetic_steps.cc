// SPDX-License-Identifier: Apache-2.0
#include "worker/measure/synthetic_steps.h"

#include <cmath>

#include "base/check.h"
#include "base/floating_point_state.h"
#include "base/philox.h"
#include "comm/reduce/all_sum.h"

namespace lockstep::worker {
namespace {

// Two standard normal deviates a counter. Words of a counter: index, lane.
template <typename T>
void FillNormal(const PhiloxKey& key, int32_t lane, int64_t elements, T* x) {
  for (int64_t i = 0; i < elements; i += 2) {
    const auto index = static_cast<uint64_t>(i);
    const PhiloxCounter words =
        Philox4x32({LowWord(index), HighWord(index), static_cast<uint32_t>(lane), /*what=*/0}, key);
    x[i] = static_cast<T>(NormalFromWords(words[0], words[1]));
    if (i + 1 < elements) x[i + 1] = static_cast<T>(NormalFromWords(words[2], words[3]));
  }
}

}  // namespace

SyntheticSteps::SyntheticSteps(const TrainConfig* config, const RunSetup* setup)
    : config_(config), setup_(setup), communicator_(world_.MakeRank(Rank(0))) {
  CHECK_EQ(config->run.ranks, 1);
}

Result<std::unique_ptr<SyntheticSteps>> SyntheticSteps::Make(const TrainConfig* config,
                                                             const RunSetup* setup) {
  std::unique_ptr<SyntheticSteps> steps(new SyntheticSteps(config, setup));
  RETURN_IF_ERROR(steps->Allocate());
  return steps;
}

Status SyntheticSteps::Allocate() {
  SetFloatingPointState();
  const CompiledModel& model = *setup_->model;
  const int32_t lanes = config_->batch.lanes;
  ASSIGN_OR_RETURN(workspaces_, LaneWorkspaces::Make(model, setup_->lanes_at_once));
  update_ = std::make_unique<ParameterUpdate>(
      &model, communicator_.get(), &stream_,
      ParameterUpdate::Options{lanes, config_->optimizer.clip_norm, config_->nonfinite == "skip",
                               config_->sync == "allreduce"});
  ASSIGN_OR_RETURN(state_, ModelState::Make(model, config_->seed, update_->OwnedBlocks()));
  ASSIGN_OR_RETURN(runner_, LaneRunner::Make(&model, &state_, workspaces_.get(),
                                             {{0, lanes}, lanes, config_->seed}));
  for (int32_t lane = 0; lane < lanes; ++lane) {
    ASSIGN_OR_RETURN(storage::LaneBatch made, MakeLane(lane));
    batch_.lanes.push_back(std::move(made));
  }
  return OkStatus();
}

Result<storage::LaneBatch> SyntheticSteps::MakeLane(int32_t lane) const {
  const graph::ProgramOptions& program = setup_->model->program().options();
  storage::LaneBatch batch;
  batch.lane = Lane(lane);
  batch.rows = config_->batch.lane_batch;
  batch.dtype = config_->precision;
  batch.image = program.image;
  const int64_t elements = batch.rows * batch.image.elements();
  ASSIGN_OR_RETURN(batch.x,
                   AlignedBuffer::Make(static_cast<size_t>(elements * SizeOf(config_->precision))));
  const PhiloxKey key = StreamKey(config_->seed, "synthetic");
  if (config_->precision == DType::kFloat64) {
    FillNormal(key, lane, elements, static_cast<double*>(batch.x.data()));
  } else {
    FillNormal(key, lane, elements, static_cast<float*>(batch.x.data()));
  }
  const auto classes = static_cast<uint32_t>(program.model_options.classes);
  for (int64_t row = 0; row < batch.rows; ++row) {
    const auto word = [&](uint32_t attempt) {
      return Philox4x32(
          {static_cast<uint32_t>(row), attempt, static_cast<uint32_t>(lane), /*what=*/1}, key)[0];
    };
    batch.labels.push_back(static_cast<int32_t>(UniformBelow(classes, word)));
  }
  return batch;
}

// Does what RankTrainer::RunStep does, without what belongs to a run.
Result<SyntheticSteps::Timing> SyntheticSteps::Run() {
  const TimePoint began = Clock::Real().Now();
  batch_.step = Step(steps_);
  RETURN_IF_ERROR(runner_->Run(batch_));
  const TimePoint computed = Clock::Real().Now();
  ASSIGN_OR_RETURN(const comm::SumRow total,
                   comm::AllSum(communicator_.get(), config_->batch.lanes, runner_->rows(),
                                &stream_, Deadline::Never()));
  if (total.i64[kTotalNonFinite] > 0) {
    RETURN_IF_ERROR(runner_->DiagnoseNonFinite(batch_));
    return Internal("a loss was not finite, and no lane has it");
  }
  const double denominator = total.f64[kTotalDenominator];
  ParameterUpdate::StepScalars scalars;
  scalars.lr = config_->optimizer.lr;
  scalars.gradient_scale = static_cast<double>(config_->batch.lane_batch) / denominator;
  scalars.applied_updates = steps_ + 1;
  RETURN_IF_ERROR(update_->Run(*runner_, scalars, &state_, Deadline::Never()).status());
  ++steps_;
  return Timing{computed - began, Clock::Real().Now() - computed,
                total.f64[kTotalNumerator] / denominator};
}

Result<uint64_t> SyntheticSteps::StateHash() {
  return update_->StateHash(&state_, Deadline::Never());
}

MemoryReport SyntheticSteps::memory() const {
  MemoryReport report;
  report.lanes_at_once = workspaces_->count();
  report.arena = setup_->model->arena_bytes();
  report.parameters = state_.bytes();
  report.gradients = runner_->bytes();
  report.arenas = workspaces_->bytes();
  report.prepared = static_cast<int64_t>(workspaces_->prepared().size());
  report.exchange = update_->scratch_bytes();
  for (const storage::LaneBatch& lane : batch_.lanes) {
    report.batches += static_cast<int64_t>(lane.x.size());
  }
  return report;
}

}  // namespace lockstep::worker
