// SPDX-License-Identifier: Apache-2.0
// How a run is shown: what will be used, then a bar on a terminal and elsewhere a line every
// run.log_every steps, evaluations too, and a line for each epoch.
#pragma once

#include <optional>
#include <string>

#include "base/mutex.h"
#include "cluster/cli/progress.h"
#include "cluster/cli/time_left.h"
#include "worker/run/train.h"

namespace lockstep::cluster {

class TrainProgress : public worker::TrainObserver {
 public:
  // `config` and `console` outlive it. Without `show_steps` only plan, notes and epochs are shown.
  // `warning`: told once the first step is done, for a run that never trains has no use for it.
  TrainProgress(const worker::TrainConfig& config, bool show_steps, Console* console,
                std::optional<std::string> warning = std::nullopt);

  void OnPlan(const worker::MemoryReport& memory) override;
  void OnNote(const std::string& note) override;
  void OnStep(const worker::StepProgress& step) override;
  void OnEvaluation(const worker::EvaluationProgress& progress) override;
  void OnEpoch(const worker::EpochReport& report) override;

 private:
  const worker::TrainConfig& config_;
  const bool show_steps_;
  Console* const console_;
  std::optional<std::string> warning_;
  Mutex mutex_;
  TimeLeft time_left_ GUARDED_BY(mutex_);
  Progress bar_;
};

// Evaluations that come after the step, the one at the end of its epoch among them.
int64_t EvaluationsAfter(const worker::TrainConfig& config, const worker::StepProgress& step);

}  // namespace lockstep::cluster
