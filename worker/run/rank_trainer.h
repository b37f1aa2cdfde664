// SPDX-License-Identifier: Apache-2.0
// RankTrainer: one rank's run from its start, or from a checkpoint, to its end. All ranks run the
// same loop and take the same decisions from the same totals; what differs is which lanes they run
// and which blocks they own.
#pragma once

#include <memory>
#include <string>

#include "storage/env/files.h"
#include "storage/loader/eval_loader.h"
#include "worker/eval/evaluator.h"
#include "worker/model/run_setup.h"
#include "worker/report/run_directory.h"
#include "worker/run/best_so_far.h"
#include "worker/run/checkpointer.h"
#include "worker/run/membership.h"
#include "worker/run/run_meter.h"
#include "worker/run/train.h"
#include "worker/run/training_steps.h"

namespace lockstep::worker {

class RankTrainer {
 public:
  // All outlive the trainer. `observer` is null but on rank 0, and may be null.
  RankTrainer(const TrainConfig* config, const RunSetup* setup, comm::Communicator* communicator,
              const TrainWorld* world, TrainObserver* observer);

  // The whole run. The summary so far is in summary() also after a failure.
  Status Run();
  const TrainSummary& summary() const { return summary_; }

 private:
  Status RunUntilEnd();
  Status Prepare();
  void MakeCheckpointer();
  Status Join();
  Status Begin();
  Status LoadStartWeights();
  Result<RunTables> Restore(EpochLoss* epoch);
  // What reading many bytes asks between two pieces: cancelled once some rank was asked to stop.
  storage::Advance Look() const;
  // Some rank was asked to stop while all ranks read what they begin with, and nothing has begun.
  Status StopTogether();
  Status TrainToTheEnd();
  Status RunStep();
  Status CloseEpoch();
  // False: a stop was asked for within its evaluation; nothing has changed then.
  Result<bool> FinishEpoch();
  Status ProveConsumption(int32_t epoch);
  Result<EvalResult> Evaluate();
  bool CheckpointDue() const;
  Status TakeCheckpoint();
  storage::CheckpointManifest MakeManifest(uint64_t state_hash) const;
  void Committed(const storage::CheckpointManifest& manifest, Duration took);
  Status StopOnRequest();
  Status End();
  Status EndRankZero();
  Status WriteSummary();
  Status Conclude(Status status);

  void NotePosition();  // in the summary
  bool evaluation_scheduled() const;
  bool is_rank_zero() const { return communicator_->rank() == Rank(0); }
  const TrainerState& state() const { return steps_->state(); }
  Stream* stream() { return &steps_->engine().stream(); }

  const TrainConfig* config_;
  const RunSetup* setup_;
  comm::Communicator* communicator_;
  const TrainWorld* world_;
  TrainObserver* observer_;

  // All that is allocated before the first step. Members end in reverse order, exchanges before
  // the memory that they read and write.
  Range lanes_;
  std::unique_ptr<storage::EvalLoader> eval_loader_;  // null: the run does not evaluate
  std::unique_ptr<TrainingSteps> steps_;
  std::unique_ptr<Checkpointer> checkpointer_;
  std::unique_ptr<Membership> membership_;
  comm::Assignment assignment_;
  std::unique_ptr<RunDirectory> directory_;  // of rank 0, once the run has begun
  TrainSummary summary_;
  RunMeter meter_;
  BestSoFar best_;
  std::string step_checkpoint_;  // name of the one of the current step; empty: none
  bool stopping_ = false;        // some rank was asked to stop
  bool orderly_ = false;         // all ranks end here, together
};

}  // namespace lockstep::worker
