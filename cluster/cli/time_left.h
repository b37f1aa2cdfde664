// SPDX-License-Identifier: Apache-2.0
// TimeLeft: how long a run of steps and evaluations still takes, from what those that this process
// has made took: a run that goes on from a checkpoint did not make the steps before.
#pragma once

#include <cstdint>
#include <optional>

#include "base/clock.h"

namespace lockstep::cluster {

// One thread at a time.
class TimeLeft {
 public:
  // After each step: how many are done, of how many, and how many evaluations are still to come.
  void OnStep(TimePoint now, int64_t done, int64_t total, int64_t evaluations);
  // Before an evaluation and after each batch of it.
  void OnEvaluation(TimePoint now, int64_t done, int64_t batches);
  // Seconds; negative where too little was seen. While an evaluation runs, what is left of it
  // alone.
  double run() const { return run_; }
  double evaluation() const { return evaluation_left_; }

 private:
  std::optional<TimePoint> before_;  // the last step's end; none after an evaluation
  double step_seconds_ = 0;          // of all steps that were timed
  int64_t steps_ = 0;
  std::optional<TimePoint> evaluation_began_, first_batch_;
  int64_t first_done_ = 0;
  std::optional<double> evaluation_seconds_;  // of the last one
  double run_ = -1, evaluation_left_ = -1;
};

}  // namespace lockstep::cluster
