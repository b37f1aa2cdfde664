// SPDX-License-Identifier: Apache-2.0
// The order of a rank's run: what is allocated (Prepare), the coordinator (Join), where the run
// goes on from (Begin), then step after step with a checkpoint where one is due and a row at the
// end of each epoch (TrainToTheEnd), and how it ended, told to everyone who asks (Conclude).
#include "worker/run/rank_trainer.h"

#include <bit>

#include "base/fault_point.h"
#include "base/floating_point_state.h"
#include "base/log.h"
#include "base/process.h"
#include "base/watch.h"
#include "comm/reduce/agree.h"
#include "comm/reduce/canonical_tree.h"
#include "storage/checkpoint/checkpoint_directory.h"
#include "storage/checkpoint/generation.h"
#include "storage/env/files.h"
#include "worker/config/seconds.h"
#include "worker/model/weights.h"
#include "worker/report/finished_run.h"
#include "worker/run/checkpoint_values.h"
#include "worker/run/data_metadata.h"
#include "worker/run/joining.h"
#include "worker/run/loaders.h"
#include "worker/run/memory_of_ranks.h"
#include "worker/run/start_weights.h"

namespace lockstep::worker {
namespace {

// How long ranks wait at the end for rank 0, which writes what a run leaves.
constexpr auto kEndLimit = std::chrono::minutes(30);

}  // namespace

RankTrainer::RankTrainer(const TrainConfig* config, const RunSetup* setup,
                         comm::Communicator* communicator, const TrainWorld* world,
                         TrainObserver* observer)
    : config_(config),
      setup_(setup),
      communicator_(communicator),
      world_(world),
      observer_(observer),
      lanes_(comm::LanesOfRank(communicator->rank(), communicator->size(), config->batch.lanes)) {
  summary_.world_size = communicator->size();
  summary_.lanes = config->batch.lanes;
  summary_.lane_batch = config->batch.lane_batch;
  summary_.exactly_once = true;
  summary_.sync = config->sync;
  summary_.metrics = setup->model->program().task().metrics();
}

Status RankTrainer::Run() { return Conclude(RunUntilEnd()); }

Status RankTrainer::RunUntilEnd() {
  RETURN_IF_ERROR(Prepare());
  ASSIGN_OR_RETURN(const MemoryReport memory,
                   MemoryOfAllRanks(*config_, *setup_, communicator_, &steps_->engine(),
                                    lanes_.size(), checkpointer_->bytes(), steps_->deadline()));
  summary_.peak_memory_bytes = memory.peak();
  if (observer_ != nullptr) observer_->OnPlan(memory);
  RETURN_IF_ERROR(Join());
  if (summary_.was_finished) {
    orderly_ = true;
    return OkStatus();
  }
  RETURN_IF_ERROR(Begin());
  RETURN_IF_ERROR(TrainToTheEnd());
  return End();
}

Status RankTrainer::Prepare() {
  SetFloatingPointState();
  ASSIGN_OR_RETURN(Metric compares,
                   graph::MetricForBest(setup_->model->program().task(), config_->eval.best));
  best_ = BestSoFar(std::move(compares));
  Result<std::unique_ptr<TrainingSteps>> steps =
      TrainingSteps::Make(config_, setup_, communicator_, world_->stop);
  if (steps.status().code() == StatusCode::kCancelled) return StoppedBeforeTheRun();
  ASSIGN_OR_RETURN(steps_, std::move(steps));
  MakeCheckpointer();
  return OkStatus();
}

void RankTrainer::MakeCheckpointer() {
  Checkpointer::Hooks hooks;
  hooks.may_commit = [this] {
    return storage::CheckNewestGeneration(config_->run.directory, assignment_.generation);
  };
  hooks.before_write = [this, may_write = hooks.may_commit] { return directory_->Sync(may_write); };
  hooks.committed = [this](const storage::CheckpointManifest& manifest, Duration took) {
    Committed(manifest, took);
  };
  checkpointer_ =
      std::make_unique<Checkpointer>(config_, setup_->model.get(), communicator_, stream(),
                                     &steps_->engine().update(), std::move(hooks));
}

Status RankTrainer::Join() {
  ASSIGN_OR_RETURN(membership_, MakeMembership(*config_, *setup_, *world_, communicator_));
  ASSIGN_OR_RETURN(assignment_,
                   JoinRun(*world_, *communicator_, lanes_, membership_.get(), observer_));
  summary_.generation = assignment_.generation;
  summary_.branch = assignment_.branch;
  summary_.resumed_from_step = assignment_.step;
  if (!assignment_.finished) return OkStatus();
  const Result<FinishedRun> finished = VerifyFinishedRun(config_->run.directory, Look());
  const bool given_up = finished.status().code() == StatusCode::kCancelled;
  const Status agreed = comm::AgreeOnStatus(
      communicator_, given_up ? finished.status() : OkStatus(), stream(), steps_->deadline());
  if (agreed.code() == StatusCode::kCancelled) return StopTogether();
  RETURN_IF_ERROR(agreed);
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
  const graph::Program& program = setup_->model->program();
  RunTables tables =
      RunTables::WithoutRows(summary_.metrics, program.task().MeasureStep(program.step_sums()),
                             config_->optimizer.groups.size());
  EpochLoss epoch;
  epoch.sums = program.step_sums();
  if (resumes) {
    ASSIGN_OR_RETURN(tables, Restore(&epoch));
  } else if (!config_->model.weights.empty()) {
    RETURN_IF_ERROR(LoadStartWeights());
  }
  if (observer_ != nullptr) {
    for (const std::string& note : KernelNotes(*config_, setup_->kernels)) observer_->OnNote(note);
  }
  RETURN_IF_ERROR(CheckShards(*setup_, assignment_, lanes_, Epoch(state().epoch)));
  RETURN_IF_ERROR(steps_->OpenLoader());
  if (setup_->eval.samples > 0) {
    ASSIGN_OR_RETURN(eval_loader_, MakeEvalLoader(*config_, *setup_));
  }
  if (is_rank_zero()) {
    ASSIGN_OR_RETURN(directory_,
                     RunDirectory::Open(*config_, {state().global_step, std::move(tables)},
                                        setup_->kernels.text));
  }
  if (!resumes) RETURN_IF_ERROR(steps_->TakeFirstDigest());
  NotePosition();
  meter_.Start(summary_.seconds, epoch);
  return OkStatus();
}

Status RankTrainer::LoadStartWeights() {
  membership_->SetPhase("start weights");
  FaultPoint("train.weights");
  const Result<std::string> note =
      StartFromWeights(*setup_->model, config_->model, config_->batch.lanes, communicator_,
                       stream(), steps_->deadline(), &steps_->engine().state(), Look());
  if (note.status().code() == StatusCode::kCancelled) return StopTogether();
  RETURN_IF_ERROR(note.status());
  if (observer_ != nullptr) observer_->OnNote(*note);
  return OkStatus();
}

storage::Advance RankTrainer::Look() const {
  return [this](int64_t) {
    return membership_->StopWanted() ? Cancelled("stopped on request") : OkStatus();
  };
}

Status RankTrainer::StopTogether() {
  orderly_ = true;
  return StoppedBeforeTheRun();
}

Result<RunTables> RankTrainer::Restore(EpochLoss* epoch) {
  membership_->SetPhase("restore");
  FaultPoint("train.restore");
  const auto id = storage::CheckpointId::Parse(storage::BaseNameOf(assignment_.checkpoint));
  if (!id) return Internal("the coordinator named a checkpoint '" + assignment_.checkpoint + "'");
  ASSIGN_OR_RETURN(const storage::CheckpointManifest manifest,
                   storage::InspectCheckpointDirectory(
                       storage::CheckpointPath(config_->run.directory, *id), *id));
  ASSIGN_OR_RETURN(TrainerState state, TrainerState::FromBytes(manifest.trainer_state));
  if (state.global_step != id->step) {
    return DataLoss("checkpoint " + assignment_.checkpoint + " has a trainer state of step " +
                    std::to_string(state.global_step));
  }
  RETURN_IF_ERROR(RestoreCheckpointValues(manifest, &summary_, epoch));
  RETURN_IF_ERROR(best_.Restore(*config_, setup_->steps_per_epoch, manifest, &state));
  RunTables tables;
  const Status read =
      comm::AgreeOnStatus(communicator_,
                          checkpointer_->Restore(manifest, Look(), &steps_->engine().state(),
                                                 &steps_->consumption(), &tables),
                          stream(), steps_->deadline());
  if (read.code() == StatusCode::kCancelled) return StopTogether();
  RETURN_IF_ERROR(read);
  const Status same = steps_->GoOnFrom(std::move(state), manifest.digest, manifest.state_hash);
  if (!same.ok()) return same.WithContext("checkpoint " + assignment_.checkpoint);
  step_checkpoint_ = id->Name();
  membership_->SetStep({id->step, manifest.digest, 0}, /*report=*/false);
  return tables;
}

Status RankTrainer::TrainToTheEnd() {
  if (state().global_step > 0 && steps_->epoch_closes()) RETURN_IF_ERROR(CloseEpoch());
  while (!steps_->last_step()) {
    FaultPoint("train.step");
    RETURN_IF_ERROR(RunStep());
    if (CheckpointDue()) RETURN_IF_ERROR(TakeCheckpoint());
    if (steps_->epoch_closes()) RETURN_IF_ERROR(CloseEpoch());
    if (stopping_ && !steps_->last_step()) return StopOnRequest();
  }
  return OkStatus();
}

Status RankTrainer::RunStep() {
  const TimePoint began = Clock::Real().Now();
  step_checkpoint_.clear();
  ASSIGN_OR_RETURN(const StepDone done,
                   steps_->Run({[this](const char* phase) { membership_->SetPhase(phase); },
                                [this] { return membership_->StopWanted(); }}));
  stopping_ = done.report.stop_wanted;
  const double loss = done.report.loss;
  const int64_t step = state().global_step;
  meter_.AddStep(done, &summary_);
  NotePosition();
  membership_->SetStep({step, steps_->digest(), std::bit_cast<uint64_t>(loss)},
                       is_rank_zero() && done.digested);
  if (directory_ != nullptr) {
    RETURN_IF_ERROR(
        directory_->AddStep({step, loss, !done.report.applied, done.digested, steps_->digest()}));
  }
  if (is_rank_zero() && world_->stop_cost != nullptr) {
    world_->stop_cost->NoteStep(Clock::Real().Now() - began);
  }
  if (observer_ == nullptr) return OkStatus();
  const int64_t in_epoch = steps_->epoch_done() ? setup_->steps_per_epoch : state().step_in_epoch;
  observer_->OnStep({steps_->current_epoch(), config_->epochs, in_epoch, setup_->steps_per_epoch,
                     step, setup_->total_steps, loss, done.learning_rate,
                     steps_->GroupRates(done.learning_rate, steps_->current_epoch()), meter_.rate(),
                     meter_.input_share(),
                     setup_->model->program().task().MeasureStep(done.report.sums)});
  return OkStatus();
}

void RankTrainer::NotePosition() {
  summary_.digest = steps_->digest();
  summary_.step = state().global_step;
  summary_.skipped_steps = state().skipped_steps;
}

// A stop that is asked for within the evaluation leaves a checkpoint of the moment before it.
Status RankTrainer::CloseEpoch() {
  ASSIGN_OR_RETURN(const bool finished, FinishEpoch());
  if (finished) return OkStatus();
  if (step_checkpoint_.empty()) RETURN_IF_ERROR(TakeCheckpoint());
  return StopOnRequest();
}

bool RankTrainer::evaluation_scheduled() const {
  return eval_loader_ != nullptr && steps_->epoch_done() &&
         state().epoch % config_->eval.every_epochs == 0;
}

// An evaluation that is due only because the run ends leaves the trainer state alone: a run that is
// made longer later goes on as if it had not ended here.
Result<bool> RankTrainer::FinishEpoch() {
  EpochReport report;
  report.epoch = steps_->current_epoch();
  report.global_step = state().global_step;
  report.learning_rate = steps_->LearningRateOf(state().global_step - 1);
  report.group_rates = steps_->GroupRates(report.learning_rate, report.epoch);
  meter_.Describe(&report);
  report.train_metrics = setup_->model->program().task().MeasureStep(meter_.epoch().sums);
  report.evaluated = evaluation_scheduled() || (steps_->last_step() && eval_loader_ != nullptr);
  if (report.evaluated) {
    ASSIGN_OR_RETURN(report.validation, Evaluate());
    if (report.validation.stopped) return false;
  }
  RETURN_IF_ERROR(ProveConsumption(report.epoch));
  if (report.evaluated) {
    summary_.val_loss = report.validation.loss;
    summary_.metrics = report.validation.metrics;
    if (evaluation_scheduled()) best_.Note(report, step_checkpoint_, &steps_->state());
  }
  meter_.BeginEpoch();
  report.seconds = meter_.seconds();
  summary_.epoch = state().epoch;
  summary_.train_loss = report.train_loss;
  summary_.images_per_second = report.images_per_second;
  if (directory_ != nullptr) RETURN_IF_ERROR(directory_->AddEpoch(report));
  if (observer_ != nullptr) observer_->OnEpoch(report);
  return true;
}

Status RankTrainer::ProveConsumption(int32_t epoch) {
  const bool whole = steps_->epoch_done();
  ASSIGN_OR_RETURN(const Consumption::Report consumed,
                   steps_->consumption().Finish(communicator_, stream(), steps_->deadline()));
  summary_.samples_consumed += consumed.consumed;
  summary_.exactly_once =
      summary_.exactly_once && !consumed.duplicates && (consumed.complete || !whole);
  if (whole && !summary_.exactly_once) {
    return Internal("epoch " + std::to_string(epoch + 1) +
                    " did not consume every sample exactly once");
  }
  return OkStatus();
}

Result<EvalResult> RankTrainer::Evaluate() {
  membership_->SetPhase("evaluation");
  FaultPoint("train.evaluate");
  StepEngine& engine = steps_->engine();
  Evaluator evaluator(setup_->model.get(), &engine.workspaces(), eval_loader_.get(), lanes_);
  Evaluator::Options options;
  options.patience = ToDuration(config_->run.step_limit);
  options.progress = [this](int64_t done, int64_t batches) {
    if (observer_ == nullptr) return;
    observer_->OnEvaluation({steps_->current_epoch(), config_->epochs, done, batches});
  };
  options.progress(0, 0);
  options.stop = [this] { return membership_->StopWanted(); };
  options.seed = config_->seed;
  const bool averages = config_->eval.weights == "ema";
  if (averages) RETURN_IF_ERROR(engine.SwapAverages(steps_->deadline()));
  Result<EvalResult> result = evaluator.Run(&engine.state(), communicator_, stream(), options);
  if (averages) RETURN_IF_ERROR(engine.SwapAverages(steps_->deadline()));
  return result;
}

bool RankTrainer::CheckpointDue() const {
  const int64_t every = config_->checkpoint.every_steps;
  const bool regular = every > 0 ? state().global_step % every == 0 : steps_->epoch_done();
  const bool may_be_best = config_->checkpoint.keep_best && evaluation_scheduled();
  return regular || steps_->last_step() || stopping_ || may_be_best;
}

Status RankTrainer::TakeCheckpoint() {
  membership_->SetPhase("checkpoint");
  FaultPoint("train.checkpoint");
  ASSIGN_OR_RETURN(const uint64_t state_hash, steps_->StateHash());
  step_checkpoint_ = storage::CheckpointId{assignment_.branch, state().global_step}.Name();
  return checkpointer_->Take(MakeManifest(state_hash),
                             directory_ == nullptr ? RunTables() : directory_->tables(),
                             &steps_->engine().state(), steps_->consumption(), steps_->deadline());
}

storage::CheckpointManifest RankTrainer::MakeManifest(uint64_t state_hash) const {
  const comm::RegisterRequest& registered = membership_->request();
  storage::CheckpointManifest m;
  m.id = {assignment_.branch, state().global_step};
  m.generation = assignment_.generation;
  m.epoch = state().epoch;
  m.step_in_epoch = state().step_in_epoch;
  m.evaluation_due = steps_->epoch_closes();
  m.digest = steps_->digest();
  m.state_hash = state_hash;
  m.trainer_state = state().ToBytes();
  m.fixed_keys = registered.run.fixed_keys;
  m.branch_keys = config_->branch_keys;
  m.recipe_hash = config_->recipe_hash;
  m.dataset_digest = setup_->dataset->info().digest;
  m.build = registered.member.build;
  m.hardware = registered.member.hardware;
  m.environment = {{"host", registered.member.host},
                   {"time", UtcTimeText()},
                   {"world_size", std::to_string(communicator_->size())}};
  m.values = CheckpointValues(summary_, meter_.epoch());
  best_.AddTo(&m.values);
  return m;
}

// On the writing thread: what a checkpoint in place brings with it. Nothing of it can harm it.
void RankTrainer::Committed(const storage::CheckpointManifest& manifest, Duration took) {
  if (world_->stop_cost != nullptr) {
    world_->stop_cost->NoteCheckpoint(manifest.id.step, took);
  }
  const Status entered = membership_->Commit(manifest.id.Name(), manifest.id.step, manifest.digest);
  if (!entered.ok()) {
    LOG(kWarning) << "the coordinator did not enter a checkpoint: " << entered;
  }
  RemoveOldCheckpoints(*config_, manifest);
}

// Nobody leaves before rank 0 has the checkpoint in place: a launcher ends the others soon after
// the first has gone.
Status RankTrainer::StopOnRequest() {
  Status written = checkpointer_->Finish();
  if (written.ok() && checkpointer_->last_write_failed()) {
    written = IoError("the last checkpoint could not be written");
  }
  const Status agreed =
      comm::AgreeOnStatus(communicator_, written, stream(), Deadline::In(kEndLimit));
  if (agreed.code() == StatusCode::kSuperseded) return agreed;
  orderly_ = true;
  return Cancelled(
      "stopped on request after step " + std::to_string(state().global_step) +
      (agreed.ok()
           ? "; its checkpoint is written, and the same command goes on from it"
           : "; the same command goes on from the checkpoint before, for " + agreed.message()));
}

Status RankTrainer::End() {
  membership_->SetPhase("end");
  FaultPoint("train.end");
  if (setup_->model->program().ema_slot()) {
    RETURN_IF_ERROR(steps_->engine().SwapAverages(steps_->deadline()));
  }
  const Status written = is_rank_zero() ? EndRankZero() : OkStatus();
  summary_.status = "finished";
  RETURN_IF_ERROR(comm::AgreeOnStatus(communicator_, written, stream(), Deadline::In(kEndLimit)));
  orderly_ = true;
  return OkStatus();
}

Status RankTrainer::EndRankZero() {
  RETURN_IF_ERROR(checkpointer_->Finish());
  summary_.seconds = meter_.seconds();
  const auto may_write = [this] {
    return storage::CheckNewestGeneration(config_->run.directory, assignment_.generation);
  };
  RETURN_IF_ERROR(directory_->Sync(may_write));
  RETURN_IF_ERROR(may_write());
  StepEngine& engine = steps_->engine();
  const storage::TensorMetadata data = DataMetadata(*config_, *setup_);
  if (setup_->model->program().ema_slot()) {
    RETURN_IF_ERROR(SaveWeights(*setup_->model, &engine.state(), directory_->AveragesPath(), data));
    RETURN_IF_ERROR(engine.SwapAverages(steps_->deadline()));  // back: nobody is waited for
  }
  return SaveWeights(*setup_->model, &engine.state(), directory_->WeightsPath(), data);
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
  if (checkpointer_ != nullptr) (void)checkpointer_->Finish();
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
    const Status last =
        communicator_->Barrier(stream(), Deadline::In(kEndLimit))->Wait(Deadline::Never());
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
