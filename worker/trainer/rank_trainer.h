// SPDX-License-Identifier: Apache-2.0
// RankTrainer: the step loop of one rank. All ranks run the same loop and take the same decisions
// from the same totals; what differs is which lanes they run and which blocks they own.
#pragma once

#include <memory>

#include "base/device/queue_stream.h"
#include "storage/loader/eval_loader.h"
#include "storage/loader/train_loader.h"
#include "worker/eval/evaluator.h"
#include "worker/report/run_directory.h"
#include "worker/trainer/consumption.h"
#include "worker/trainer/lane_runner.h"
#include "worker/trainer/memory_report.h"
#include "worker/trainer/parameter_update.h"
#include "worker/trainer/run_setup.h"
#include "worker/trainer/train.h"
#include "worker/trainer/trainer_state.h"

namespace lockstep::worker {

class RankTrainer {
 public:
  // All outlive the trainer. `directory` and `observer` are null but on rank 0, and may be null.
  RankTrainer(const TrainConfig* config, const RunSetup* setup, comm::Communicator* communicator,
              RunDirectory* directory, TrainObserver* observer);
  ~RankTrainer();

  // The whole run. The summary so far is in summary() also after a failure.
  Status Run();
  const TrainSummary& summary() const { return summary_; }

 private:
  struct Parts;  // everything allocated before the first step

  Status Prepare();
  Status MakeLoaders();
  Result<MemoryReport> ReportMemory();
  Status RunStep();
  Status StopOnNonFinite(const storage::StepBatch& batch);
  Status ApplyUpdate(const comm::SumRow& total, double lr);
  Status RecordStep(double loss, bool skipped, double lr);
  Status FinishEpoch(bool whole);
  Status Evaluate(bool due, EpochReport* report);
  Status TakeFirstDigest();
  double LearningRateOf(int64_t step) const;  // 0-based
  Deadline StepDeadline() const;

  const TrainConfig* config_;
  const RunSetup* setup_;
  comm::Communicator* communicator_;
  RunDirectory* directory_;
  TrainObserver* observer_;

  std::unique_ptr<Parts> parts_;
  TrainerState state_;
  TrainSummary summary_;
  uint64_t digest_ = 0;
  comm::SumRow epoch_total_;
  TimePoint started_, rate_since_, epoch_since_;
  int64_t rate_samples_ = 0, epoch_samples_ = 0;
  double rate_ = 0.0;
};

}  // namespace lockstep::worker
