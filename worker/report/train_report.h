// SPDX-License-Identifier: Apache-2.0
// What a run tells while it goes on, and at its end.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "base/metric.h"
#include "worker/eval/evaluator.h"
#include "worker/model/memory_report.h"

namespace lockstep::worker {

struct StepProgress {
  int32_t epoch = 0, epochs = 0;
  int64_t step_in_epoch = 0, steps_per_epoch = 0;  // done
  int64_t global_step = 0, total_steps = 0;        // done, of the whole run
  double loss = 0.0;                               // of this step
  double learning_rate = 0.0;
  std::vector<double> group_rates =
      {};                          // of the recipe's optimizer.groups, 0 while they are frozen
  double images_per_second = 0.0;  // over the last second or more
  // The share of that time in which rank 0 waited for samples, 0 to 1: for people alone.
  double input_share = 0.0;
  std::vector<Metric> metrics = {};  // of this step: what the task measures of its sums
};

struct EvaluationProgress {
  int32_t epoch = 0, epochs = 0;          // epoch: 0-based, the one that is evaluated
  int64_t batches_done = 0, batches = 0;  // of this process's first rank
};

struct EpochReport {
  int32_t epoch = 0;  // 0-based
  int64_t global_step = 0;
  double train_loss = 0.0;  // mean over the epoch's samples, as they were trained on
  double learning_rate = 0.0;
  std::vector<double> group_rates = {};  // as in StepProgress
  bool evaluated = false;
  EvalResult validation;
  double images_per_second = 0.0;
  double seconds = 0.0;      // since the run began
  double input_share = 0.0;  // of the epoch's training, as in StepProgress
  // What the task measures of the sums of the epoch's steps; empty where it has none.
  std::vector<Metric> train_metrics = {};
};

// Told by rank 0's thread. Must return quickly: training waits for it.
class TrainObserver {
 public:
  virtual ~TrainObserver() = default;
  // Before step 0: what will be used.
  virtual void OnPlan(const MemoryReport& memory) = 0;
  // A line for a person: what is waited for, where the run goes on from.
  virtual void OnNote(const std::string& note) = 0;
  virtual void OnStep(const StepProgress& progress) = 0;
  // Called by several threads at once, before the first batch and after each.
  virtual void OnEvaluation(const EvaluationProgress& progress) { (void)progress; }
  virtual void OnEpoch(const EpochReport& report) = 0;
};

// What summary.json says.
struct TrainSummary {
  std::string status;  // "finished", "stopped" (on request), "failed"
  std::string error;   // of a failed run
  int32_t epoch = 0;   // epochs done
  int64_t step = 0;    // global steps done
  uint64_t digest = 0;
  double train_loss = 0.0;  // of the last epoch
  // The loss of the last evaluation; NaN (null in summary.json) where there was none.
  double val_loss = std::numeric_limits<double>::quiet_NaN();
  std::vector<Metric> metrics;  // of the task
  double images_per_second = 0.0;
  double seconds = 0.0;
  int32_t world_size = 1, lanes = 1;
  int64_t lane_batch = 1;
  int64_t peak_memory_bytes = 0;  // planned, of the process
  int64_t samples_consumed = 0;
  // Every finished epoch consumed each sample of the split once, the last one none twice.
  bool exactly_once = false;
  int64_t skipped_steps = 0;
  // Means over the steps of this generation, on rank 0: how long a step takes from its batch to its
  // update, without the digest; how long it waits for other ranks and the exchange after its lanes
  // are done; and the share of that in the step.
  double step_ms = 0.0;
  double exchange_ms = 0.0;
  double exchange_share = 0.0;
  int32_t branch = 1;
  int64_t generation = 0;
  int64_t resumed_from_step = 0;  // by this generation; 0: from the start
  std::string sync = "lockstep";
  bool was_finished = false;  // before this call: nothing was done
};

}  // namespace lockstep::worker
