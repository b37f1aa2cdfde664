// SPDX-License-Identifier: Apache-2.0
#include "worker/run/training_steps.h"

#include "base/fault_point.h"
#include "base/hash.h"
#include "comm/reduce/canonical_tree.h"
#include "worker/config/seconds.h"
#include "worker/run/loaders.h"
#include "worker/step/digest.h"

namespace lockstep::worker {
namespace {

// The entry of the trainer state that counts the updates of a phase which does not run in every
// step; other phases have none.
std::string UpdatesEntry(const graph::PhaseSpec& phase) { return "updates." + phase.name; }

// A count of updates that an entry holds; 0 where it is not there.
int64_t CountIn(const std::string& entry, const TrainerState& state) {
  const double updates = state.Entry(entry);
  const bool counted = updates > 0.0 && updates <= static_cast<double>(state.global_step);
  return counted ? static_cast<int64_t>(updates) : 0;
}

int64_t UpdatesOf(const graph::PhaseSpec& phase, const TrainerState& state) {
  return CountIn(UpdatesEntry(phase), state);
}

// The entry of the trainer state that says how many updates were applied before a stage, of one
// that begins after the first epoch.
std::string BeforeEntry(int64_t first_epoch) {
  return "updates_before_epoch." + std::to_string(first_epoch);
}

}  // namespace

TrainingSteps::TrainingSteps(const TrainConfig* config, const RunSetup* setup, Range lanes)
    : config_(config),
      setup_(setup),
      lanes_(lanes),
      consumption_(SampleId(setup->train_split.first_id), setup->train_split.count) {}

Result<std::unique_ptr<TrainingSteps>> TrainingSteps::Make(const TrainConfig* config,
                                                           const RunSetup* setup,
                                                           comm::Communicator* communicator,
                                                           const std::atomic<bool>* stop) {
  const Range lanes =
      comm::LanesOfRank(communicator->rank(), communicator->size(), config->batch.lanes);
  std::unique_ptr<TrainingSteps> steps(new TrainingSteps(config, setup, lanes));
  StepEngine::Options options = StepEngine::OptionsOf(*config, *setup, lanes);
  options.stop = stop;
  FaultPoint("train.draw");
  ASSIGN_OR_RETURN(steps->engine_, StepEngine::Make(setup->model.get(), communicator, options));
  return steps;
}

Deadline TrainingSteps::deadline() const {
  return Deadline::In(ToDuration(config_->run.step_limit));
}

Status TrainingSteps::GoOnFrom(TrainerState state, uint64_t digest, uint64_t state_hash) {
  ASSIGN_OR_RETURN(const uint64_t hash, engine_->StateHash(deadline()));
  if (hash != state_hash) {
    return DataLoss("it was read as the state " + Hex64(hash) + " and was written of " +
                    Hex64(state_hash));
  }
  state_ = std::move(state);
  state_hash_ = hash;
  digest_ = digest;
  return OkStatus();
}

Status TrainingSteps::TakeFirstDigest() {
  ASSIGN_OR_RETURN(const uint64_t hash, engine_->StateHash(deadline()));
  digest_ =
      FirstDigest(config_->recipe_hash, setup_->dataset->info().digest, setup_->kernels.hash, hash);
  return OkStatus();
}

Status TrainingSteps::OpenLoader() {
  if (state_.epoch >= config_->epochs) return OkStatus();
  ASSIGN_OR_RETURN(loader_, MakeTrainLoader(*config_, *setup_, lanes_, Epoch(state_.epoch),
                                            state_.step_in_epoch));
  return OkStatus();
}

Result<StepDone> TrainingSteps::Run(const Hooks& hooks) {
  const TimePoint began = Clock::Real().Now();
  StepDone done;
  hooks.enter("input");
  ASSIGN_OR_RETURN(storage::StepBatch read, loader_->Next(deadline()));
  done.waited = Clock::Real().Now() - began;
  const auto batch = std::make_shared<const storage::StepBatch>(std::move(read));
  consumption_.Consume(*batch);
  done.learning_rate = LearningRateOf(state_.global_step);
  NoteStages();
  ASSIGN_OR_RETURN(StepEngine::Ticket ticket,
                   engine_->Launch(batch, HeaderOf(done.learning_rate), hooks.enter));
  ASSIGN_OR_RETURN(done.report, engine_->Collect(std::move(ticket), hooks.stop_wanted()));
  if (!done.report.finite && config_->nonfinite != "skip") {
    return engine_->Diagnose(done.report, deadline());
  }
  done.took = Clock::Real().Now() - began;
  Advance(done.report);
  state_hash_.reset();
  done.digested = last_step() || state_.global_step % config_->digest_every == 0;
  if (done.digested) {
    hooks.enter("digest");
    RETURN_IF_ERROR(Digest(done.report));
  }
  return done;
}

std::vector<double> TrainingSteps::GroupRates(double learning_rate, int32_t epoch) const {
  const auto& groups = setup_->model->program().update_groups();
  std::vector<double> rates;
  for (size_t i = 1; i < groups.size(); ++i) {  // the first is for those in no group
    rates.push_back(epoch < groups[i].unfreeze_epoch ? 0.0 : learning_rate * groups[i].lr_scale);
  }
  return rates;
}

StepHeader TrainingSteps::HeaderOf(double learning_rate) const {
  const graph::Program& program = setup_->model->program();
  StepHeader header{learning_rate, state_.applied_updates};
  for (const graph::PhaseSpec& phase : program.phases()) {
    header.updates_of_phases.push_back(UpdatesOf(phase, state_));
  }
  header.stage = program.StageOf(state_.epoch);
  for (size_t stage = 0; stage < program.stages(); ++stage) {
    const int64_t epoch = program.FirstEpochOf(stage);
    header.updates_before_stages.push_back(epoch == 0 ? 0 : CountIn(BeforeEntry(epoch), state_));
  }
  return header;
}

void TrainingSteps::NoteStages() {
  const graph::Program& program = setup_->model->program();
  for (size_t stage = 1; stage <= program.StageOf(state_.epoch); ++stage) {
    state_.entries.try_emplace(BeforeEntry(program.FirstEpochOf(stage)),
                               static_cast<double>(state_.applied_updates));
  }
}

void TrainingSteps::Advance(const StepReport& report) {
  ++(report.applied ? state_.applied_updates : state_.skipped_steps);
  for (const size_t updated : report.updated_phases) {
    const graph::PhaseSpec& phase = setup_->model->program().phases()[updated];
    if (phase.every == 1) continue;
    state_.entries[UpdatesEntry(phase)] = static_cast<double>(UpdatesOf(phase, state_) + 1);
  }
  ++state_.global_step;
  if (++state_.step_in_epoch == setup_->steps_per_epoch) {
    state_.step_in_epoch = 0;
    ++state_.epoch;
  }
}

Status TrainingSteps::Digest(const StepReport& report) {
  ASSIGN_OR_RETURN(const uint64_t hash, StateHash());
  digest_ = NextDigest(
      {state_.global_step, report.loss, !report.applied, state_.ToBytes(), hash, digest_});
  return OkStatus();
}

Result<uint64_t> TrainingSteps::StateHash() {
  if (!state_hash_) {
    ASSIGN_OR_RETURN(state_hash_, engine_->StateHash(deadline()));
  }
  return *state_hash_;
}

}  // namespace lockstep::worker
