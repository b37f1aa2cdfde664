// SPDX-License-Identifier: Apache-2.0
// BestSoFar: the best evaluation of a run and the checkpoint of its moment. Value and epoch stand
// among the entries of the trainer state; checkpoints carry the checkpoint's name.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/metric.h"
#include "storage/checkpoint/checkpoint.h"
#include "worker/config/train_config.h"
#include "worker/report/train_report.h"
#include "worker/step/trainer_state.h"

namespace lockstep::worker {

class BestSoFar {
 public:
  BestSoFar() = default;
  // Evaluations are compared by this metric.
  explicit BestSoFar(Metric metric) : metric_(std::move(metric)) {}

  // Compares an evaluation that the schedule asks for. `checkpoint` is the name of the one of this
  // moment, or empty.
  void Note(const EpochReport& report, const std::string& checkpoint, TrainerState* state);

  // Takes up what a checkpoint says. Where the run goes on with another metric than before, what
  // was best so far is another evaluation: the one that the rows of the checkpoint's results.csv
  // say.
  Status Restore(const TrainConfig& config, int64_t steps_per_epoch,
                 const storage::CheckpointManifest& manifest, TrainerState* state);
  // Adds what Restore reads to the values of a checkpoint.
  void AddTo(std::map<std::string, std::string>* values) const;
  // The checkpoint of the best evaluation that a checkpoint names.
  static std::optional<storage::CheckpointId> CheckpointIn(
      const storage::CheckpointManifest& manifest);

 private:
  std::string Entry() const;
  Status FindInTable(const TrainConfig& config, int64_t steps_per_epoch,
                     const storage::CheckpointManifest& manifest, TrainerState* state);

  Metric metric_;
  std::string checkpoint_;  // its name; empty: there is none
};

}  // namespace lockstep::worker
