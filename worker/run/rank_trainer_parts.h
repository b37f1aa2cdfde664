// SPDX-License-Identifier: Apache-2.0
// What a RankTrainer allocates before its first step. Internal to its sources.
#pragma once

#include <memory>

#include "worker/run/rank_trainer.h"

namespace lockstep::worker {

// How long ranks wait at the end for rank 0, which writes what a run leaves.
inline constexpr auto kEndLimit = std::chrono::minutes(30);

// Entries of the trainer state: the value of the best evaluation, by "best." and the metric's name,
// and its epoch, from 0.
inline constexpr char kBestEntries[] = "best.";
inline constexpr char kBestEpoch[] = "best_epoch";

struct RankTrainer::Parts {
  Range lanes;
  std::unique_ptr<storage::TrainLoader> loader;
  std::unique_ptr<storage::EvalLoader> eval_loader;
  std::unique_ptr<Consumption> consumption;
  // After the memory that its exchanges read and write, so that it ends before that memory does.
  std::unique_ptr<StepEngine> engine;
  std::unique_ptr<Checkpointer> checkpointer;
};

}  // namespace lockstep::worker
