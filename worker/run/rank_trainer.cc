// SPDX-License-Identifier: Apache-2.0
#include "worker/run/rank_trainer.h"

#include <bit>

#include "base/fault_point.h"
#include "base/file.h"
#include "base/floating_point_state.h"
#include "base/log.h"
#include "base/watch.h"
#include "comm/reduce/agree.h"
#include "comm/reduce/all_sum.h"
#include "comm/reduce/canonical_tree.h"
#include "storage/checkpoint/generation.h"
#include "storage/order/lane_shards.h"
#include "worker/model/weights.h"
#include "worker/report/finished_run.h"
#include "worker/run/loaders.h"
#include "worker/run/rank_trainer_parts.h"
#include "worker/run/registration.h"
#include "worker/run/start_weights.h"
#include "worker/step/digest.h"

namespace lockstep::worker {
namespace {

double Seconds(Duration d) { return std::chrono::duration<double>(d).count(); }

Duration ToDuration(double seconds) {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
}

// What the run directory's disk refused has a remedy that a person can choose.
Status WithPlaceRemedy(const Status& status) {
  const StatusCode code = status.code();
  if (code != StatusCode::kResourceExhausted && code != StatusCode::kPermissionDenied &&
      code != StatusCode::kIoError) {
    return status;
  }
  return Status(code, status.message() + "; mend that, or choose another place with --run");
}

}  // namespace

RankTrainer::RankTrainer(const TrainConfig* config, const RunSetup* setup,
                         comm::Communicator* communicator, const TrainWorld* world,
                         TrainObserver* observer)
    : config_(config),
      setup_(setup),
      communicator_(communicator),
      world_(world),
      observer_(observer) {
  summary_.world_size = communicator->size();
  summary_.lanes = config->batch.lanes;
  summary_.lane_batch = config->batch.lane_batch;
  summary_.exactly_once = true;
  summary_.sync = config->sync;
  summary_.metrics = setup->model->program().task().metrics();
}

RankTrainer::~RankTrainer() = default;

double RankTrainer::LearningRateOf(int64_t step) const { return setup_->learning_rates.At(step); }

Deadline RankTrainer::StepDeadline() const {
  return Deadline::In(ToDuration(config_->run.step_limit));
}

Status RankTrainer::Run() { return Conclude(RunUntilEnd()); }

Status RankTrainer::RunUntilEnd() {
  RETURN_IF_ERROR(Prepare());
  ASSIGN_OR_RETURN(const MemoryReport memory, ReportMemory());
  summary_.peak_memory_bytes = memory.peak();
  if (observer_ != nullptr) observer_->OnPlan(memory);
  RETURN_IF_ERROR(Join());
  if (summary_.was_finished) {
    orderly_ = true;
    return OkStatus();
  }
  RETURN_IF_ERROR(Begin());
  RETURN_IF_ERROR(TrainSteps());
  return End();
}

Status RankTrainer::Prepare() {
  SetFloatingPointState();
  parts_ = std::make_unique<Parts>();
  Parts& p = *parts_;
  ASSIGN_OR_RETURN(best_by_,
                   graph::MetricForBest(setup_->model->program().task(), config_->eval.best));
  p.lanes = comm::LanesOfRank(communicator_->rank(), communicator_->size(), config_->batch.lanes);
  StepEngine::Options options = StepEngine::OptionsOf(*config_, *setup_, p.lanes);
  options.stop = world_->stop;
  FaultPoint("train.draw");
  Result<std::unique_ptr<StepEngine>> engine =
      StepEngine::Make(setup_->model.get(), communicator_, options);
  if (engine.status().code() == StatusCode::kCancelled) return StoppedBeforeTheRun();
  ASSIGN_OR_RETURN(p.engine, std::move(engine));
  p.consumption = std::make_unique<Consumption>(SampleId(setup_->train_split.first_id),
                                                setup_->train_split.count);
  MakeCheckpointer();
  return OkStatus();
}

// From the position in state_ on.
Status RankTrainer::MakeLoaders() {
  Parts& p = *parts_;
  if (state_.epoch < config_->epochs) {
    ASSIGN_OR_RETURN(p.loader, MakeTrainLoader(*config_, *setup_, p.lanes, Epoch(state_.epoch),
                                               state_.step_in_epoch));
  }
  if (setup_->eval.samples == 0) return OkStatus();
  ASSIGN_OR_RETURN(p.eval_loader, MakeEvalLoader(*config_, *setup_));
  return OkStatus();
}

Result<MemoryReport> RankTrainer::ReportMemory() {
  Parts& p = *parts_;
  const MemoryReport own = p.engine->memory();
  const comm::SumRow mine{.f64 = {},
                          .i64 = {own.parameters, own.gradients, own.arenas, own.exchange,
                                  kBatchesHeld * p.lanes.size() * LaneBatchBytes(*setup_),
                                  p.checkpointer->bytes(), own.prepared}};
  // A row a lane: the rank's bytes on its first lane.
  std::vector<comm::SumRow> rows(static_cast<size_t>(p.lanes.size()),
                                 {.f64 = {}, .i64 = {0, 0, 0, 0, 0, 0, 0}});
  rows[0] = mine;
  ASSIGN_OR_RETURN(const comm::SumRow total, comm::AllSum(communicator_, config_->batch.lanes, rows,
                                                          &p.engine->stream(), StepDeadline()));
  MemoryReport report = PlannedMemory(*config_, *setup_);
  report.ranks = communicator_->size();
  report.parameters = total.i64[0];
  report.gradients = total.i64[1];
  report.arenas = total.i64[2];
  report.exchange = total.i64[3];
  report.batches = total.i64[4];
  report.checkpoint = total.i64[5];
  report.prepared = total.i64[6];
  return report;
}

// What the coordinator refuses it refuses all ranks alike, so rank 0 says it for them; that it does
// not answer may be this rank's alone.
Status RankTrainer::SaidByRankZero(const Status& refused) const {
  const StatusCode code = refused.code();
  const bool own = code == StatusCode::kUnavailable || code == StatusCode::kDeadlineExceeded ||
                   code == StatusCode::kCancelled;
  return own || communicator_->size() == 1 ? refused : refused.WithContext("rank 0");
}

Status RankTrainer::Join() {
  ASSIGN_OR_RETURN(comm::RegisterRequest request,
                   MakeRegistration(*config_, *setup_, *communicator_));
  Membership::Options options;
  options.silence_limit = ToDuration(config_->run.heartbeat_limit);
  options.presence = world_->presence;
  options.stop = world_->stop;
  options.on_stop = [this](const Status& why) { communicator_->Abort(why); };
  membership_ =
      std::make_unique<Membership>(world_->coordinator, std::move(request), std::move(options));
  FaultPoint("train.join");
  const auto say = [this](const std::string& note) {
    if (observer_ != nullptr) observer_->OnNote(note);
  };
  const auto give_up = [this] { return world_->stop != nullptr && world_->stop->load(); };
  Result<comm::Assignment> joined = membership_->Join(say, give_up);
  if (!joined.ok()) return SaidByRankZero(WithPlaceRemedy(joined.status()));
  assignment_ = *std::move(joined);
  if (!(assignment_.lanes == parts_->lanes)) {
    return Internal("the coordinator gave this rank other lanes than the recipe's order does");
  }
  summary_.generation = assignment_.generation;
  summary_.branch = assignment_.branch;
  summary_.resumed_from_step = assignment_.step;
  if (!assignment_.finished) return OkStatus();
  const Result<FinishedRun> finished = VerifyFinishedRun(config_->run.directory);
  summary_.was_finished = finished.ok() && finished->digest == assignment_.digest;
  if (is_rank_zero() && finished.status().code() == StatusCode::kDataLoss) {
    LOG(kWarning) << finished.status().message()
                  << "; what the run left is made again from its last checkpoint";
  }
  summary_.digest = assignment_.digest;
  summary_.step = assignment_.step;
  return OkStatus();
}

Status RankTrainer::Begin() {
  const bool resumes = !assignment_.checkpoint.empty();
  RunTables tables = RunTables::WithoutRows(summary_.metrics);
  if (resumes) {
    ASSIGN_OR_RETURN(tables, Restore());
  } else if (!config_->model.weights.empty()) {
    RETURN_IF_ERROR(StartFromWeights(*setup_->model, config_->model.weights, config_->batch.lanes,
                                     communicator_, &parts_->engine->stream(), StepDeadline(),
                                     &parts_->engine->state()));
  }
  NoteKernels();
  RETURN_IF_ERROR(CheckShards());
  RETURN_IF_ERROR(MakeLoaders());
  if (is_rank_zero()) {
    ASSIGN_OR_RETURN(directory_,
                     RunDirectory::Open(*config_, {state_.global_step, std::move(tables)},
                                        setup_->kernels.text));
  }
  if (!resumes) RETURN_IF_ERROR(TakeFirstDigest());
  started_ = rate_since_ = epoch_since_ = Clock::Real().Now();
  started_ -= ToDuration(summary_.seconds);
  return OkStatus();
}

// A run goes on with the kernels it began with, whatever has become of the recipe's file.
void RankTrainer::NoteKernels() const {
  const RunKernels& kernels = setup_->kernels;
  if (observer_ == nullptr || kernels.path.empty()) return;
  observer_->OnNote("kernels chosen by " + kernels.path + ", hash " + Hex64(kernels.hash));
  const Result<std::string> now = ReadFile(config_->kernel_file);
  if (now.ok() && *now != kernels.text) {
    observer_->OnNote("'" + config_->kernel_file +
                      "' (train.kernel_file) is another now: without effect on this run");
  }
}

// What a rank reads follows from the order; the coordinator deals it by the same function. Where
// the two disagree, they do not speak of the same data.
Status RankTrainer::CheckShards() const {
  const storage::EpochOrder order(setup_->order, Epoch(state_.epoch));
  if (assignment_.finished || storage::ShardsOfLanes(order, parts_->lanes) == assignment_.shards) {
    return OkStatus();
  }
  return Internal(
      "the coordinator dealt this rank other shards than its lanes read; it is of another "
      "version: use the same program everywhere");
}

Status RankTrainer::TakeFirstDigest() {
  ASSIGN_OR_RETURN(const uint64_t hash, parts_->engine->StateHash(StepDeadline()));
  digest_ =
      FirstDigest(config_->recipe_hash, setup_->dataset->info().digest, setup_->kernels.hash, hash);
  summary_.digest = digest_;
  return OkStatus();
}

Status RankTrainer::TrainSteps() {
  if (state_.global_step > 0 && epoch_closes()) RETURN_IF_ERROR(CloseEpoch());
  while (!last_step()) {
    FaultPoint("train.step");
    RETURN_IF_ERROR(RunStep());
    if (CheckpointDue()) RETURN_IF_ERROR(TakeCheckpoint());
    if (epoch_closes()) RETURN_IF_ERROR(CloseEpoch());
    if (stopping_ && !last_step()) return StopOnRequest();
  }
  return OkStatus();
}

Status RankTrainer::RunStep() {
  Parts& p = *parts_;
  const TimePoint began = Clock::Real().Now();
  step_checkpoint_.clear();
  membership_->SetPhase("input");
  ASSIGN_OR_RETURN(storage::StepBatch read, p.loader->Next(StepDeadline()));
  const auto batch = std::make_shared<const storage::StepBatch>(std::move(read));
  p.consumption->Consume(*batch);
  membership_->SetPhase("forward and backward");
  const double lr = LearningRateOf(state_.global_step);
  ASSIGN_OR_RETURN(StepEngine::Ticket ticket,
                   p.engine->Launch(batch, {lr, state_.applied_updates}));
  membership_->SetPhase("exchange");
  ASSIGN_OR_RETURN(const StepReport report,
                   p.engine->Collect(std::move(ticket), membership_->StopWanted(), StepDeadline()));
  stopping_ = report.stop_wanted;
  if (!report.finite && config_->nonfinite != "skip") {
    return p.engine->Diagnose(report, StepDeadline());
  }
  if (report.applied) {
    ++state_.applied_updates;
  } else {
    ++state_.skipped_steps;
  }
  CountExchange(Clock::Real().Now() - began, report.exchange);
  if (report.finite) {
    epoch_numerator_ += report.numerator;
    epoch_denominator_ += report.denominator;
  }
  rate_samples_ += report.rows;
  epoch_samples_ += report.rows;
  return RecordStep(report.loss, !report.applied, lr);
}

void RankTrainer::CountExchange(Duration step, Duration exchange) {
  step_time_ += step;
  exchange_time_ += exchange;
  ++steps_here_;
  const double waited = Seconds(exchange_time_);
  summary_.step_ms = 1000.0 * Seconds(step_time_) / static_cast<double>(steps_here_);
  summary_.exchange_ms = 1000.0 * waited / static_cast<double>(steps_here_);
  summary_.exchange_share = waited / std::max(1e-9, Seconds(step_time_));
}

Status RankTrainer::RecordStep(double loss, bool skipped, double lr) {
  ++state_.global_step;
  if (++state_.step_in_epoch == setup_->steps_per_epoch) {
    state_.step_in_epoch = 0;
    ++state_.epoch;
  }
  const bool digested = last_step() || state_.global_step % config_->digest_every == 0;
  state_hash_.reset();
  if (digested) {
    membership_->SetPhase("digest");
    ASSIGN_OR_RETURN(state_hash_, parts_->engine->StateHash(StepDeadline()));
    digest_ =
        NextDigest({state_.global_step, loss, skipped, state_.ToBytes(), *state_hash_, digest_});
  }
  membership_->SetStep({state_.global_step, digest_, std::bit_cast<uint64_t>(loss)},
                       is_rank_zero() && digested);
  summary_.digest = digest_;
  summary_.step = state_.global_step;
  summary_.skipped_steps = state_.skipped_steps;
  if (directory_ != nullptr) {
    RETURN_IF_ERROR(directory_->AddStep({state_.global_step, loss, skipped, digested, digest_}));
  }
  return ReportStep(loss, lr);
}

Status RankTrainer::ReportStep(double loss, double lr) {
  const TimePoint now = Clock::Real().Now();
  summary_.seconds = Seconds(now - started_);
  if (const double elapsed = Seconds(now - rate_since_); elapsed >= 1.0) {
    rate_ = static_cast<double>(rate_samples_) / elapsed;
    rate_since_ = now;
    rate_samples_ = 0;
  }
  if (observer_ == nullptr) return OkStatus();
  const int32_t epoch = state_.step_in_epoch == 0 ? state_.epoch - 1 : state_.epoch;
  const int64_t in_epoch =
      state_.step_in_epoch == 0 ? setup_->steps_per_epoch : state_.step_in_epoch;
  observer_->OnStep({epoch, config_->epochs, in_epoch, setup_->steps_per_epoch, state_.global_step,
                     setup_->total_steps, loss, lr, rate_});
  return OkStatus();
}

// A stop that is asked for within the evaluation leaves a checkpoint of the moment before it.
Status RankTrainer::CloseEpoch() {
  ASSIGN_OR_RETURN(const bool finished, FinishEpoch());
  if (finished) return OkStatus();
  if (step_checkpoint_.empty()) RETURN_IF_ERROR(TakeCheckpoint());
  return StopOnRequest();
}

bool RankTrainer::evaluation_scheduled() const {
  return parts_->eval_loader != nullptr && epoch_done() &&
         state_.epoch % config_->eval.every_epochs == 0;
}

Result<bool> RankTrainer::FinishEpoch() {
  Parts& p = *parts_;
  const bool whole = epoch_done();
  const TimePoint now = Clock::Real().Now();
  EpochReport report;
  report.epoch = whole ? state_.epoch - 1 : state_.epoch;
  report.global_step = state_.global_step;
  report.train_loss = epoch_denominator_ > 0 ? epoch_numerator_ / epoch_denominator_ : 0.0;
  report.learning_rate = LearningRateOf(state_.global_step - 1);
  report.images_per_second =
      static_cast<double>(epoch_samples_) / std::max(1e-9, Seconds(now - epoch_since_));
  report.evaluated = evaluation_scheduled() || (last_step() && p.eval_loader != nullptr);
  if (report.evaluated) {
    ASSIGN_OR_RETURN(report.validation, Evaluate());
    if (report.validation.stopped) return false;
  }
  ASSIGN_OR_RETURN(const Consumption::Report consumed,
                   p.consumption->Finish(communicator_, &p.engine->stream(), StepDeadline()));
  summary_.samples_consumed += consumed.consumed;
  summary_.exactly_once =
      summary_.exactly_once && !consumed.duplicates && (consumed.complete || !whole);
  if (whole && !summary_.exactly_once) {
    return Internal("epoch " + std::to_string(report.epoch + 1) +
                    " did not consume every sample exactly once");
  }
  NoteEvaluation(report);
  epoch_numerator_ = epoch_denominator_ = 0.0;
  epoch_samples_ = 0;
  epoch_since_ = Clock::Real().Now();
  report.seconds = Seconds(epoch_since_ - started_);
  summary_.epoch = state_.epoch;
  summary_.train_loss = report.train_loss;
  summary_.images_per_second = report.images_per_second;
  if (directory_ != nullptr) RETURN_IF_ERROR(directory_->AddEpoch(report));
  if (observer_ != nullptr) observer_->OnEpoch(report);
  return true;
}

Result<EvalResult> RankTrainer::Evaluate() {
  Parts& p = *parts_;
  membership_->SetPhase("evaluation");
  FaultPoint("train.evaluate");
  Evaluator evaluator(setup_->model.get(), &p.engine->workspaces(), p.eval_loader.get(), p.lanes);
  Evaluator::Options options;
  options.patience = ToDuration(config_->run.step_limit);
  options.progress = [this](int64_t done, int64_t batches) {
    if (observer_ != nullptr) {
      const int32_t epoch = epoch_done() ? state_.epoch - 1 : state_.epoch;
      observer_->OnEvaluation({epoch, config_->epochs, done, batches});
    }
  };
  options.progress(0, 0);
  options.stop = [this] { return membership_->StopWanted(); };
  return evaluator.Run(&p.engine->state(), communicator_, &p.engine->stream(), options);
}

// The entry of the trainer state that holds the best value. It is of one metric: where another
// compares, it is another entry.
std::string RankTrainer::BestEntry() const { return kBestEntries + best_by_.name; }

// An evaluation that is due only because the run ends leaves the trainer state alone: a run that is
// made longer later goes on as if it had not ended here. Values are compared as results.csv has
// them, so that RUN@best, which reads that, means the same evaluation.
void RankTrainer::NoteEvaluation(const EpochReport& report) {
  if (!report.evaluated) return;
  summary_.val_loss = report.validation.loss;
  summary_.metrics = report.validation.metrics;
  const double value = AsWritten(report.validation.ValueOf(best_by_.name));
  if (!evaluation_scheduled() || !IsBetter(best_by_, value, state_.Entry(BestEntry()))) return;
  state_.entries[BestEntry()] = value;
  state_.entries[kBestEpoch] = report.epoch;
  best_checkpoint_ = step_checkpoint_;
}

Status RankTrainer::End() {
  membership_->SetPhase("end");
  FaultPoint("train.end");
  const Status written = is_rank_zero() ? EndRankZero() : OkStatus();
  summary_.status = "finished";
  RETURN_IF_ERROR(comm::AgreeOnStatus(communicator_, written, &parts_->engine->stream(),
                                      Deadline::In(kEndLimit)));
  orderly_ = true;
  return OkStatus();
}

Status RankTrainer::EndRankZero() {
  RETURN_IF_ERROR(parts_->checkpointer->Finish());
  summary_.seconds = Seconds(Clock::Real().Now() - started_);
  const auto may_write = [this] {
    return storage::CheckNewestGeneration(config_->run.directory, assignment_.generation);
  };
  RETURN_IF_ERROR(directory_->Sync(may_write));
  RETURN_IF_ERROR(may_write());
  return SaveWeights(*setup_->model, &parts_->engine->state(), directory_->WeightsPath());
}

// Tells everyone how it ended, each in its order: peers, the run directory, the coordinator.
Status RankTrainer::Conclude(Status status) {
  if (!status.ok() && !orderly_) {
    // The cause, not what it led to.
    const Status told = membership_ == nullptr ? OkStatus() : membership_->Told();
    if (!told.ok()) status = told;
    if (membership_ != nullptr) status = membership_->Explain(status);
    if (communicator_->size() > 1 && !status.message().starts_with("rank ")) {
      status = status.WithContext("rank " + std::to_string(communicator_->rank().value));
    }
    communicator_->Abort(status);
  }
  // A checkpoint that is being written is worth the wait; how it ends changes nothing here.
  if (parts_ != nullptr && parts_->checkpointer != nullptr) (void)parts_->checkpointer->Finish();
  if (!status.ok()) {
    summary_.status = orderly_ ? "stopped" : "failed";
    summary_.error = status.ToString();
  }
  FaultPoint("train.summary");
  if (directory_ != nullptr) {
    const Status written = WriteSummary();
    if (status.ok()) status = written;
  }
  if (orderly_ && communicator_->size() > 1) {
    const Status last = communicator_->Barrier(&parts_->engine->stream(), Deadline::In(kEndLimit))
                            ->Wait(Deadline::Never());
    if (status.ok()) status = last;
  }
  FaultPoint("train.leave");
  if (membership_ != nullptr) membership_->Leave(status, summary_.step, summary_.digest);
  return status;
}

Status RankTrainer::WriteSummary() {
  const Status newest =
      storage::CheckNewestGeneration(config_->run.directory, assignment_.generation);
  if (newest.code() == StatusCode::kSuperseded) return newest;
  return directory_->WriteSummary(summary_);
}

}  // namespace lockstep::worker
