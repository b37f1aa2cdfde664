// SPDX-License-Identifier: Apache-2.0
// RankTrainer: one rank's run from its start, or from a checkpoint, to its end. All ranks run the
// same loop and take the same decisions from the same totals; what differs is which lanes they run
// and which blocks they own.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "storage/loader/eval_loader.h"
#include "storage/loader/train_loader.h"
#include "worker/eval/evaluator.h"
#include "worker/model/memory_report.h"
#include "worker/model/run_setup.h"
#include "worker/report/run_directory.h"
#include "worker/run/checkpointer.h"
#include "worker/run/consumption.h"
#include "worker/run/membership.h"
#include "worker/run/train.h"
#include "worker/step/step_engine.h"
#include "worker/step/trainer_state.h"

namespace lockstep::worker {

class RankTrainer {
 public:
  // All outlive the trainer. `observer` is null but on rank 0, and may be null.
  RankTrainer(const TrainConfig* config, const RunSetup* setup, comm::Communicator* communicator,
              const TrainWorld* world, TrainObserver* observer);
  ~RankTrainer();

  // The whole run. The summary so far is in summary() also after a failure.
  Status Run();
  const TrainSummary& summary() const { return summary_; }

 private:
  struct Parts;  // everything allocated before the first step

  Status RunUntilEnd();
  Status Prepare();
  void MakeCheckpointer();
  Status MakeLoaders();
  Result<MemoryReport> ReportMemory();
  Status Join();
  Status SaidByRankZero(const Status& refused) const;
  Status Begin();
  void NoteKernels() const;
  Status CheckShards() const;
  Result<RunTables> Restore();
  Status TakeFirstDigest();
  Status TrainSteps();
  Status RunStep();
  void CountExchange(Duration step, Duration exchange);
  Status RecordStep(double loss, bool skipped, double lr);
  Status ReportStep(double loss, double lr);
  Status CloseEpoch();
  // False: a stop was asked for within its evaluation; nothing has changed then.
  Result<bool> FinishEpoch();
  Result<EvalResult> Evaluate();
  void NoteEvaluation(const EpochReport& report);
  bool CheckpointDue() const;
  Status TakeCheckpoint();
  storage::CheckpointManifest MakeManifest(uint64_t state_hash) const;
  Status RestoreValues(const storage::CheckpointManifest& manifest);
  Status RestoreBest(const storage::CheckpointManifest& manifest);
  std::string BestEntry() const;
  void Committed(const storage::CheckpointManifest& manifest);
  Status StopOnRequest();
  Status End();
  Status EndRankZero();
  Status WriteSummary();
  Status Conclude(Status status);

  double LearningRateOf(int64_t step) const;  // 0-based
  Deadline StepDeadline() const;
  bool last_step() const { return state_.global_step == setup_->total_steps; }
  bool epoch_done() const { return state_.step_in_epoch == 0; }
  // After the current step a row of results.csv is due. A checkpoint of such a step is always of
  // the moment before: whoever goes on from it writes the row first.
  bool epoch_closes() const { return epoch_done() || last_step(); }
  bool evaluation_scheduled() const;
  bool is_rank_zero() const { return communicator_->rank() == Rank(0); }

  const TrainConfig* config_;
  const RunSetup* setup_;
  comm::Communicator* communicator_;
  const TrainWorld* world_;
  TrainObserver* observer_;

  std::unique_ptr<Parts> parts_;
  std::unique_ptr<Membership> membership_;
  comm::Assignment assignment_;
  std::unique_ptr<RunDirectory> directory_;  // of rank 0, once the run has begun
  TrainerState state_;
  TrainSummary summary_;
  Metric best_by_;  // how evaluations are compared
  uint64_t digest_ = 0;
  std::optional<uint64_t> state_hash_;  // H of the current step, where it was computed
  std::string step_checkpoint_;         // name of the one of the current step; empty: none
  std::string best_checkpoint_;         // of the best evaluation; empty: none
  bool stopping_ = false;               // some rank was asked to stop
  bool orderly_ = false;                // all ranks end here, together
  double epoch_numerator_ = 0.0, epoch_denominator_ = 0.0;  // of the loss, over the epoch so far
  TimePoint started_, rate_since_, epoch_since_;
  Duration step_time_{}, exchange_time_{};  // of all steps here, and of what they waited for others
  int64_t steps_here_ = 0;
  int64_t rate_samples_ = 0, epoch_samples_ = 0;
  double rate_ = 0.0;
};

}  // namespace lockstep::worker
