// SPDX-License-Identifier: Apache-2.0
// RunMeter: what a rank counts of its steps for reports: how long they take, samples a second, and
// the mean loss of the epoch so far. Nothing of it reaches a digest.
#pragma once

#include <cstdint>

#include "base/clock.h"
#include "graph/tasks/task.h"
#include "worker/report/train_report.h"
#include "worker/run/training_steps.h"

namespace lockstep::worker {

// The loss pairs of the steps of an epoch, and the task's sums, added up in their order.
struct EpochLoss {
  double numerator = 0.0, denominator = 0.0;
  graph::Gathered sums = {};
  double mean() const { return denominator > 0 ? numerator / denominator : 0.0; }
};

class RunMeter {
 public:
  // The run begins now, or goes on after so many seconds of training and with this much of an
  // epoch behind it.
  void Start(double seconds_before, const EpochLoss& epoch);

  // Counts a step, and writes into the summary how long steps take.
  void AddStep(const StepDone& done, TrainSummary* summary);
  // Writes mean loss and speed of the epoch, which ends now, into its report.
  void Describe(EpochReport* report) const;
  void BeginEpoch();

  double seconds() const;                // of training, in all
  double rate() const { return rate_; }  // samples a second, over the last second or more
  double input_share() const { return input_share_; }  // waited for samples, over the same time
  const EpochLoss& epoch() const { return epoch_; }

 private:
  TimePoint started_, rate_since_, epoch_since_;
  EpochLoss epoch_;
  // The sums over all steps counted here; `exchange_` is what they waited for other ranks.
  Duration steps_time_{}, exchange_{};
  int64_t steps_ = 0;
  int64_t rate_samples_ = 0, epoch_samples_ = 0;
  Duration rate_waited_{}, epoch_waited_{};  // for samples
  double rate_ = 0.0, input_share_ = 0.0;
};

}  // namespace lockstep::worker
