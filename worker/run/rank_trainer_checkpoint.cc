// SPDX-License-Identifier: Apache-2.0
// RankTrainer's checkpoints: when one is due, what stands in it, and how a run goes on from one.
#include <bit>

#include "base/fault_point.h"
#include "base/log.h"
#include "base/process.h"
#include "comm/reduce/agree.h"
#include "storage/checkpoint/checkpoint_directory.h"
#include "storage/checkpoint/generation.h"
#include "storage/env/files.h"
#include "worker/report/best_evaluation.h"
#include "worker/report/checkpoint_tables.h"
#include "worker/run/rank_trainer.h"
#include "worker/run/rank_trainer_parts.h"

namespace lockstep::worker {
namespace {

// A checkpoint's values hold those of the last evaluation under this and the metric's name.
constexpr char kMetricValues[] = "metric.";

std::string BitsText(double value) { return Hex64(std::bit_cast<uint64_t>(value)); }

// A double stored by BitsText among a checkpoint's values.
Result<double> BitsValue(const storage::CheckpointManifest& manifest, const std::string& name) {
  const auto found = manifest.values.find(name);
  uint64_t bits = 0;
  if (found == manifest.values.end() || !ParseHex64(found->second, &bits)) {
    return DataLoss("checkpoint " + manifest.id.Name() + " has no value '" + name + "'");
  }
  return std::bit_cast<double>(bits);
}

}  // namespace

void RankTrainer::MakeCheckpointer() {
  Parts& p = *parts_;
  Checkpointer::Hooks hooks;
  hooks.may_commit = [this] {
    return storage::CheckNewestGeneration(config_->run.directory, assignment_.generation);
  };
  hooks.before_write = [this, may_write = hooks.may_commit] { return directory_->Sync(may_write); };
  hooks.committed = [this](const storage::CheckpointManifest& manifest) { Committed(manifest); };
  p.checkpointer =
      std::make_unique<Checkpointer>(config_, setup_->model.get(), communicator_,
                                     &p.engine->stream(), &p.engine->update(), std::move(hooks));
}

Result<RunTables> RankTrainer::Restore() {
  membership_->SetPhase("restore");
  const auto id = storage::CheckpointId::Parse(storage::BaseNameOf(assignment_.checkpoint));
  if (!id) return Internal("the coordinator named a checkpoint '" + assignment_.checkpoint + "'");
  ASSIGN_OR_RETURN(const storage::CheckpointManifest manifest,
                   storage::InspectCheckpointDirectory(
                       storage::CheckpointPath(config_->run.directory, *id), *id));
  ASSIGN_OR_RETURN(state_, TrainerState::FromBytes(manifest.trainer_state));
  if (state_.global_step != id->step) {
    return DataLoss("checkpoint " + assignment_.checkpoint + " has a trainer state of step " +
                    std::to_string(state_.global_step));
  }
  RETURN_IF_ERROR(RestoreValues(manifest));
  RunTables tables;
  RETURN_IF_ERROR(parts_->checkpointer->Restore(manifest, &parts_->engine->state(),
                                                parts_->consumption.get(), &tables));
  ASSIGN_OR_RETURN(const uint64_t hash, parts_->engine->StateHash(StepDeadline()));
  if (hash != manifest.state_hash) {
    return DataLoss("checkpoint " + assignment_.checkpoint + " was read as the state " +
                    Hex64(hash) + " and was written of " + Hex64(manifest.state_hash));
  }
  state_hash_ = hash;
  digest_ = manifest.digest;
  summary_.digest = digest_;
  step_checkpoint_ = id->Name();
  membership_->SetStep({state_.global_step, digest_, 0}, /*report=*/false);
  return tables;
}

Status RankTrainer::RestoreValues(const storage::CheckpointManifest& manifest) {
  ASSIGN_OR_RETURN(epoch_numerator_, BitsValue(manifest, "epoch_numerator"));
  ASSIGN_OR_RETURN(epoch_denominator_, BitsValue(manifest, "epoch_denominator"));
  ASSIGN_OR_RETURN(summary_.seconds, BitsValue(manifest, "seconds"));
  ASSIGN_OR_RETURN(summary_.train_loss, BitsValue(manifest, "train_loss"));
  ASSIGN_OR_RETURN(summary_.val_loss, BitsValue(manifest, "val_loss"));
  for (Metric& metric : summary_.metrics) {
    // A build that has more metrics may go on, by its own branch: those have no value yet.
    if (!manifest.values.contains(kMetricValues + metric.name)) continue;
    ASSIGN_OR_RETURN(metric.value, BitsValue(manifest, kMetricValues + metric.name));
  }
  ASSIGN_OR_RETURN(const double consumed, BitsValue(manifest, "samples_consumed"));
  summary_.samples_consumed = static_cast<int64_t>(consumed);
  if (const auto best = manifest.values.find("best_checkpoint"); best != manifest.values.end()) {
    best_checkpoint_ = best->second;
  }
  RETURN_IF_ERROR(RestoreBest(manifest));
  summary_.step = state_.global_step;
  summary_.epoch = state_.epoch;
  summary_.skipped_steps = state_.skipped_steps;
  return OkStatus();
}

// Where a run goes on with another eval.best, what was best so far is another evaluation: that
// which the rows before say.
Status RankTrainer::RestoreBest(const storage::CheckpointManifest& manifest) {
  if (state_.entries.contains(BestEntry()) || !state_.entries.contains(kBestEpoch)) {
    return OkStatus();
  }
  const std::string& run = config_->run.directory;
  ASSIGN_OR_RETURN(const RunTables tables,
                   ReadTables(storage::CheckpointPath(run, manifest.id), manifest));
  ASSIGN_OR_RETURN(const std::optional<BestEvaluation> best,
                   FindBestEvaluation(tables.results, best_by_,
                                      {config_->eval.every_epochs, setup_->steps_per_epoch}));
  std::erase_if(state_.entries, [](const auto& entry) {
    return entry.first.starts_with(kBestEntries) || entry.first == kBestEpoch;
  });
  best_checkpoint_.clear();
  if (!best) return OkStatus();
  state_.entries[BestEntry()] = best->value;
  state_.entries[kBestEpoch] = best->epoch;
  ASSIGN_OR_RETURN(const std::vector<storage::CheckpointId> ids, storage::ListCheckpoints(run));
  for (const storage::CheckpointId& id : ids) {  // of equal steps the highest branch's, the last
    if (id.step == best->step) best_checkpoint_ = id.Name();
  }
  return OkStatus();
}

// Nobody leaves before rank 0 has the checkpoint in place: a launcher ends the others soon after
// the first has gone.
Status RankTrainer::StopOnRequest() {
  Status written = parts_->checkpointer->Finish();
  if (written.ok() && parts_->checkpointer->last_write_failed()) {
    written = IoError("the last checkpoint could not be written");
  }
  const Status agreed = comm::AgreeOnStatus(communicator_, written, &parts_->engine->stream(),
                                            Deadline::In(kEndLimit));
  if (agreed.code() == StatusCode::kSuperseded) return agreed;
  orderly_ = true;
  return Cancelled(
      "stopped on request after step " + std::to_string(state_.global_step) +
      (agreed.ok()
           ? "; its checkpoint is written, and the same command goes on from it"
           : "; the same command goes on from the checkpoint before, for " + agreed.message()));
}

bool RankTrainer::CheckpointDue() const {
  const int64_t every = config_->checkpoint.every_steps;
  const bool regular = every > 0 ? state_.global_step % every == 0 : epoch_done();
  const bool may_be_best = config_->checkpoint.keep_best && evaluation_scheduled();
  return regular || last_step() || stopping_ || may_be_best;
}

Status RankTrainer::TakeCheckpoint() {
  membership_->SetPhase("checkpoint");
  FaultPoint("train.checkpoint");
  if (!state_hash_) {
    ASSIGN_OR_RETURN(state_hash_, parts_->engine->StateHash(StepDeadline()));
  }
  step_checkpoint_ = storage::CheckpointId{assignment_.branch, state_.global_step}.Name();
  return parts_->checkpointer->Take(MakeManifest(*state_hash_),
                                    directory_ == nullptr ? RunTables() : directory_->tables(),
                                    &parts_->engine->state(), *parts_->consumption, StepDeadline());
}

storage::CheckpointManifest RankTrainer::MakeManifest(uint64_t state_hash) const {
  storage::CheckpointManifest m;
  m.id = {assignment_.branch, state_.global_step};
  m.generation = assignment_.generation;
  m.epoch = state_.epoch;
  m.step_in_epoch = state_.step_in_epoch;
  m.evaluation_due = epoch_closes();
  m.digest = digest_;
  m.state_hash = state_hash;
  m.trainer_state = state_.ToBytes();
  m.fixed_keys = membership_->request().run.fixed_keys;
  m.branch_keys = config_->branch_keys;
  m.recipe_hash = config_->recipe_hash;
  m.dataset_digest = setup_->dataset->info().digest;
  m.build = membership_->request().member.build;
  m.hardware = membership_->request().member.hardware;
  m.environment = {{"host", membership_->request().member.host},
                   {"time", UtcTimeText()},
                   {"world_size", std::to_string(communicator_->size())}};
  m.values = {{"epoch_numerator", BitsText(epoch_numerator_)},
              {"epoch_denominator", BitsText(epoch_denominator_)},
              {"seconds", BitsText(summary_.seconds)},
              {"train_loss", BitsText(summary_.train_loss)},
              {"val_loss", BitsText(summary_.val_loss)},
              {kBestByValue, best_by_.name},
              {"samples_consumed", BitsText(static_cast<double>(summary_.samples_consumed))}};
  for (const Metric& metric : summary_.metrics) {
    m.values[kMetricValues + metric.name] = BitsText(metric.value);
  }
  if (!best_checkpoint_.empty()) m.values["best_checkpoint"] = best_checkpoint_;
  return m;
}

// On the writing thread: what a checkpoint in place brings with it. Nothing of it can harm it.
void RankTrainer::Committed(const storage::CheckpointManifest& manifest) {
  const Status entered = membership_->Commit(manifest.id.Name(), manifest.id.step, manifest.digest);
  if (!entered.ok()) {
    LOG(kWarning) << "the coordinator did not enter a checkpoint: " << entered;
  }
  storage::Retention retention{.keep_last = config_->checkpoint.keep_last, .keep = {}};
  if (const auto best = manifest.values.find("best_checkpoint");
      config_->checkpoint.keep_best && best != manifest.values.end()) {
    if (const auto id = storage::CheckpointId::Parse(best->second)) retention.keep.push_back(*id);
  }
  const auto removed =
      storage::RemoveOldCheckpoints(config_->run.directory, manifest.id.branch, retention);
  if (!removed.ok()) {
    LOG(kWarning) << "old checkpoints were not removed: " << removed.status();
  }
}

}  // namespace lockstep::worker
