// SPDX-License-Identifier: Apache-2.0
// TrainingSteps: the steps of one rank, from a position of the run on. It draws batches, runs them
// through the step engine, notes which samples were consumed, moves the trainer state on and chains
// the digests. It knows nothing of the coordinator, of checkpoints and of what is reported.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "storage/loader/train_loader.h"
#include "worker/config/train_config.h"
#include "worker/model/run_setup.h"
#include "worker/run/consumption.h"
#include "worker/step/step_engine.h"
#include "worker/step/trainer_state.h"

namespace lockstep::worker {

// A step that was done. All but the durations is the same on every rank.
struct StepDone {
  StepReport report;
  double learning_rate = 0.0;
  bool digested = false;  // digest() is of this step
  Duration took{};        // from its batch to its update, without the digest
  Duration waited{};      // of that, for its batch
};

class TrainingSteps {
 public:
  // All outlive the steps. `stop` (may be null) ends Make as cancelled once it is set.
  static Result<std::unique_ptr<TrainingSteps>> Make(const TrainConfig* config,
                                                     const RunSetup* setup,
                                                     comm::Communicator* communicator,
                                                     const std::atomic<bool>* stop);

  // Goes on from a checkpoint whose tensors and consumption have been read. Data-loss where what
  // was read does not hash to `state_hash`.
  Status GoOnFrom(TrainerState state, uint64_t digest, uint64_t state_hash);
  // Takes the digest of the state before the first step.
  Status TakeFirstDigest();
  // Reads ahead from the position on. It is called once, before the first Run.
  Status OpenLoader();

  struct Hooks {
    StepEngine::Announce enter;         // told what this rank is at
    std::function<bool()> stop_wanted;  // whether this rank was asked to stop
  };
  // Does one step; every rank calls it. A loss that is not finite is a failure that names lane and
  // layer, unless the recipe skips such steps.
  Result<StepDone> Run(const Hooks& hooks);

  // The hash of the training state as it is now, which a checkpoint holds. Every rank calls it.
  Result<uint64_t> StateHash();

  TrainerState& state() { return state_; }
  const TrainerState& state() const { return state_; }
  uint64_t digest() const { return digest_; }  // of the last step that has one
  StepEngine& engine() { return *engine_; }
  Consumption& consumption() { return consumption_; }

  bool last_step() const { return state_.global_step == setup_->total_steps; }
  bool epoch_done() const { return state_.step_in_epoch == 0; }
  // After the current step a row of results.csv is due. A checkpoint of such a step is always of
  // the moment before: whoever goes on from it writes the row first.
  bool epoch_closes() const { return epoch_done() || last_step(); }
  // The epoch, from 0, of the last step that was done.
  int32_t current_epoch() const { return epoch_done() ? state_.epoch - 1 : state_.epoch; }

  double LearningRateOf(int64_t step) const { return setup_->learning_rates.At(step); }  // from 0
  // By group of the recipe's optimizer.groups, in the epoch of a step whose learning rate is that;
  // 0 while it is frozen.
  std::vector<double> GroupRates(double learning_rate, int32_t epoch) const;
  // By when the other ranks must have done their part of what begins now.
  Deadline deadline() const;

 private:
  TrainingSteps(const TrainConfig* config, const RunSetup* setup, Range lanes);
  // Notes in the trainer state how many updates came before the stages that have begun.
  void NoteStages();
  StepHeader HeaderOf(double learning_rate) const;
  void Advance(const StepReport& report);
  Status Digest(const StepReport& report);

  const TrainConfig* config_;
  const RunSetup* setup_;
  Range lanes_;
  TrainerState state_;
  uint64_t digest_ = 0;
  std::optional<uint64_t> state_hash_;  // of the current step, where it was computed
  std::unique_ptr<storage::TrainLoader> loader_;
  Consumption consumption_;
  // Declared after the memory that its exchanges read and write, so that it ends before that does.
  std::unique_ptr<StepEngine> engine_;
};

}  // namespace lockstep::worker
