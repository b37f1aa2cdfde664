// SPDX-License-Identifier: Apache-2.0
#include "worker/trainer/rank_trainer.h"

#include "base/floating_point_state.h"
#include "comm/reduce/all_sum.h"
#include "comm/reduce/canonical_tree.h"
#include "worker/trainer/digest.h"
#include "worker/trainer/schedule.h"
#include "worker/trainer/weights.h"

namespace lockstep::worker {
namespace {

// How long one exchange, or the wait for a batch, may take before the run is given up: longer than
// any step, since a peer may still be computing.
constexpr auto kStepLimit = std::chrono::minutes(10);

double Seconds(Duration d) { return std::chrono::duration<double>(d).count(); }

}  // namespace

struct RankTrainer::Parts {
  Range lanes;
  std::unique_ptr<LaneWorkspaces> workspaces;
  std::unique_ptr<ParameterUpdate> update;
  ModelState model_state;
  std::unique_ptr<LaneRunner> runner;
  std::unique_ptr<storage::TrainLoader> loader;
  std::unique_ptr<storage::EvalLoader> eval_loader;
  std::unique_ptr<Consumption> consumption;
  // Serves the exchanges. Last, so that it ends before the memory its work reads and writes.
  QueueStream update_stream;
};

RankTrainer::RankTrainer(const TrainConfig* config, const RunSetup* setup,
                         comm::Communicator* communicator, RunDirectory* directory,
                         TrainObserver* observer)
    : config_(config),
      setup_(setup),
      communicator_(communicator),
      directory_(directory),
      observer_(observer),
      epoch_total_(EmptyLaneRow()) {
  summary_.world_size = communicator->size();
  summary_.lanes = config->batch.lanes;
  summary_.lane_batch = config->batch.lane_batch;
  summary_.exactly_once = true;
}

RankTrainer::~RankTrainer() = default;

// The schedule is that of all epochs: train.max_steps ends a run early and changes no step before.
double RankTrainer::LearningRateOf(int64_t step) const {
  return LearningRate(config_->schedule, config_->optimizer.lr, step, setup_->steps_per_epoch,
                      setup_->steps_per_epoch * config_->epochs);
}

Deadline RankTrainer::StepDeadline() const { return Deadline::In(kStepLimit); }

Status RankTrainer::Prepare() {
  SetFloatingPointState();
  parts_ = std::make_unique<Parts>();
  Parts& p = *parts_;
  const CompiledModel& model = *setup_->model;
  p.lanes = comm::LanesOfRank(communicator_->rank(), communicator_->size(), config_->batch.lanes);
  ASSIGN_OR_RETURN(p.workspaces, LaneWorkspaces::Make(model, setup_->lanes_at_once));
  p.update = std::make_unique<ParameterUpdate>(
      &model, communicator_, &p.update_stream,
      ParameterUpdate::Options{config_->batch.lanes, config_->optimizer.clip_norm,
                               config_->nonfinite == "skip"});
  ASSIGN_OR_RETURN(p.model_state, ModelState::Make(model, config_->seed, p.update->OwnedBlocks()));
  ASSIGN_OR_RETURN(p.runner, LaneRunner::Make(&model, &p.model_state, p.workspaces.get(),
                                              {p.lanes, config_->batch.lanes, config_->seed}));
  p.consumption = std::make_unique<Consumption>(SampleId(setup_->train_split.first_id),
                                                setup_->train_split.count);
  return MakeLoaders();
}

Status RankTrainer::MakeLoaders() {
  Parts& p = *parts_;
  storage::TrainLoaderOptions train;
  train.split = config_->data.train;
  train.order = setup_->order;
  train.augment = config_->augment_train;
  train.dtype = config_->precision;
  train.lanes = p.lanes;
  train.epochs = config_->epochs;
  train.prefetch_steps = kPrefetchSteps;
  ASSIGN_OR_RETURN(p.loader, storage::TrainLoader::Make(setup_->dataset.get(), train));
  if (setup_->eval.samples == 0) return OkStatus();
  storage::EvalLoaderOptions eval;
  eval.split = config_->data.val;
  eval.lanes = config_->batch.lanes;
  eval.eval_batch = config_->eval.batch;
  eval.augment = config_->augment_val;
  eval.dtype = config_->precision;
  ASSIGN_OR_RETURN(p.eval_loader, storage::EvalLoader::Make(setup_->dataset.get(), eval));
  return OkStatus();
}

Result<MemoryReport> RankTrainer::ReportMemory() {
  Parts& p = *parts_;
  const int64_t batch =
      setup_->most_rows * p.loader->image_shape().elements() * SizeOf(config_->precision);
  comm::SumRow mine{.f64 = {},
                    .i64 = {p.model_state.bytes(), p.runner->bytes(), p.workspaces->bytes(),
                            p.update->scratch_bytes(), batch * p.lanes.size() * kBatchesHeld}};
  // A row a lane: the rank's bytes on its first lane.
  std::vector<comm::SumRow> rows(static_cast<size_t>(p.lanes.size()),
                                 {.f64 = {}, .i64 = {0, 0, 0, 0, 0}});
  rows[0] = mine;
  ASSIGN_OR_RETURN(const comm::SumRow total, comm::AllSum(communicator_, config_->batch.lanes, rows,
                                                          &p.update_stream, StepDeadline()));
  MemoryReport report = PlannedMemory(*config_, *setup_);
  report.parameters = total.i64[0];
  report.gradients = total.i64[1];
  report.arenas = total.i64[2];
  report.exchange = total.i64[3];
  report.batches = total.i64[4];
  return report;
}

Status RankTrainer::Run() {
  RETURN_IF_ERROR(Prepare());
  ASSIGN_OR_RETURN(const MemoryReport memory, ReportMemory());
  summary_.peak_memory_bytes = memory.peak();
  if (observer_ != nullptr) observer_->OnPlan(memory);
  RETURN_IF_ERROR(TakeFirstDigest());
  started_ = rate_since_ = epoch_since_ = Clock::Real().Now();
  while (state_.global_step < setup_->total_steps) {
    RETURN_IF_ERROR(RunStep());
    const bool epoch_done = state_.step_in_epoch == 0;
    if (epoch_done || state_.global_step == setup_->total_steps) {
      RETURN_IF_ERROR(FinishEpoch(epoch_done));
    }
  }
  summary_.seconds = Seconds(Clock::Real().Now() - started_);
  summary_.status = "finished";
  if (directory_ == nullptr) return OkStatus();
  return SaveWeights(*setup_->model, &parts_->model_state, directory_->WeightsPath());
}

Status RankTrainer::TakeFirstDigest() {
  ASSIGN_OR_RETURN(const uint64_t hash,
                   parts_->update->StateHash(&parts_->model_state, StepDeadline()));
  digest_ = FirstDigest(config_->recipe_hash, setup_->dataset->info().digest, 0, hash);
  summary_.digest = digest_;
  return OkStatus();
}

Status RankTrainer::RunStep() {
  Parts& p = *parts_;
  ASSIGN_OR_RETURN(const storage::StepBatch batch, p.loader->Next(StepDeadline()));
  p.consumption->Consume(batch);
  RETURN_IF_ERROR(p.runner->Run(batch));
  ASSIGN_OR_RETURN(const comm::SumRow total,
                   comm::AllSum(communicator_, config_->batch.lanes, p.runner->rows(),
                                &p.update_stream, StepDeadline()));
  const bool bad_loss = total.i64[kTotalNonFinite] > 0;
  if (bad_loss && config_->nonfinite != "skip") return StopOnNonFinite(batch);
  const double denominator = total.f64[kTotalDenominator];
  const double loss = denominator > 0 ? total.f64[kTotalNumerator] / denominator : 0.0;
  const double lr = LearningRateOf(state_.global_step);
  const int64_t applied_before = state_.applied_updates;
  if (!bad_loss && denominator > 0) RETURN_IF_ERROR(ApplyUpdate(total, lr));
  const bool skipped = state_.applied_updates == applied_before;
  if (skipped) ++state_.skipped_steps;
  if (!bad_loss) {
    epoch_total_.f64[kTotalNumerator] += total.f64[kTotalNumerator];
    epoch_total_.f64[kTotalDenominator] += denominator;
  }
  rate_samples_ += total.i64[kTotalRows];
  epoch_samples_ += total.i64[kTotalRows];
  return RecordStep(loss, skipped, lr);
}

Status RankTrainer::StopOnNonFinite(const storage::StepBatch& batch) {
  const Status found = parts_->runner->DiagnoseNonFinite(batch);
  // Every rank has looked before one of them ends the run, so the bad lane that is named is always
  // the first. What this rank found counts more than how the wait for the others ended.
  const Status waited =
      communicator_->Barrier(&parts_->update_stream, StepDeadline())->Wait(Deadline::Never());
  RETURN_IF_ERROR(found);
  RETURN_IF_ERROR(waited);
  return Cancelled("stopped: another rank's lane has a loss that is not finite");
}

Status RankTrainer::ApplyUpdate(const comm::SumRow& total, double lr) {
  ParameterUpdate::StepScalars scalars;
  scalars.lr = lr;
  scalars.gradient_scale =
      static_cast<double>(config_->batch.lane_batch) / total.f64[kTotalDenominator];
  scalars.applied_updates = state_.applied_updates + 1;
  ASSIGN_OR_RETURN(
      const ParameterUpdate::Outcome outcome,
      parts_->update->Run(*parts_->runner, scalars, &parts_->model_state, StepDeadline()));
  if (outcome.applied) ++state_.applied_updates;
  return OkStatus();
}

Status RankTrainer::RecordStep(double loss, bool skipped, double lr) {
  ++state_.global_step;
  if (++state_.step_in_epoch == setup_->steps_per_epoch) {
    state_.step_in_epoch = 0;
    ++state_.epoch;
  }
  const bool last = state_.global_step == setup_->total_steps;
  const bool digested = last || state_.global_step % config_->digest_every == 0;
  if (digested) {
    ASSIGN_OR_RETURN(const uint64_t hash,
                     parts_->update->StateHash(&parts_->model_state, StepDeadline()));
    digest_ = NextDigest({state_.global_step, loss, skipped, state_.ToBytes(), hash, digest_});
  }
  summary_.digest = digest_;
  summary_.step = state_.global_step;
  summary_.skipped_steps = state_.skipped_steps;
  const TimePoint now = Clock::Real().Now();
  summary_.seconds = Seconds(now - started_);
  if (const double elapsed = Seconds(now - rate_since_); elapsed >= 1.0) {
    rate_ = static_cast<double>(rate_samples_) / elapsed;
    rate_since_ = now;
    rate_samples_ = 0;
  }
  if (directory_ != nullptr) {
    RETURN_IF_ERROR(directory_->AddStep({state_.global_step, loss, skipped, digested, digest_}));
  }
  if (observer_ == nullptr) return OkStatus();
  const int32_t epoch = state_.step_in_epoch == 0 ? state_.epoch - 1 : state_.epoch;
  const int64_t in_epoch =
      state_.step_in_epoch == 0 ? setup_->steps_per_epoch : state_.step_in_epoch;
  observer_->OnStep({epoch, config_->epochs, in_epoch, setup_->steps_per_epoch, state_.global_step,
                     setup_->total_steps, loss, lr, rate_});
  return OkStatus();
}

Status RankTrainer::FinishEpoch(bool whole) {
  Parts& p = *parts_;
  ASSIGN_OR_RETURN(const Consumption::Report consumed,
                   p.consumption->Finish(communicator_, &p.update_stream, StepDeadline()));
  summary_.samples_consumed += consumed.consumed;
  summary_.exactly_once =
      summary_.exactly_once && !consumed.duplicates && (consumed.complete || !whole);
  if (whole && !summary_.exactly_once) {
    return Internal("epoch " + std::to_string(state_.epoch - 1) +
                    " did not consume every sample exactly once");
  }
  const TimePoint now = Clock::Real().Now();
  EpochReport report;
  report.epoch = whole ? state_.epoch - 1 : state_.epoch;
  report.global_step = state_.global_step;
  const double denominator = epoch_total_.f64[kTotalDenominator];
  report.train_loss = denominator > 0 ? epoch_total_.f64[kTotalNumerator] / denominator : 0.0;
  report.learning_rate = LearningRateOf(state_.global_step - 1);
  report.images_per_second =
      static_cast<double>(epoch_samples_) / std::max(1e-9, Seconds(now - epoch_since_));
  const bool last = state_.global_step == setup_->total_steps;
  RETURN_IF_ERROR(Evaluate(last || state_.epoch % config_->eval.every_epochs == 0, &report));
  epoch_total_ = EmptyLaneRow();
  epoch_samples_ = 0;
  epoch_since_ = Clock::Real().Now();
  report.seconds = Seconds(epoch_since_ - started_);
  summary_.epoch = state_.epoch;
  summary_.train_loss = report.train_loss;
  summary_.images_per_second = report.images_per_second;
  if (directory_ != nullptr) RETURN_IF_ERROR(directory_->AddEpoch(report));
  if (observer_ != nullptr) observer_->OnEpoch(report);
  return OkStatus();
}

Status RankTrainer::Evaluate(bool due, EpochReport* report) {
  Parts& p = *parts_;
  if (!due || p.eval_loader == nullptr) return OkStatus();
  Evaluator evaluator(setup_->model.get(), p.workspaces.get(), p.eval_loader.get(), p.lanes);
  ASSIGN_OR_RETURN(report->validation,
                   evaluator.Run(&p.model_state, communicator_, &p.update_stream, kStepLimit));
  report->evaluated = true;
  if (report->validation.correct > state_.best_correct) {
    state_.best_correct = report->validation.correct;
    state_.best_epoch = report->epoch;
  }
  summary_.val_loss = report->validation.loss;
  summary_.acc1 = report->validation.accuracy();
  return OkStatus();
}

}  // namespace lockstep::worker
