// SPDX-License-Identifier: Apache-2.0
// Weights by the name that a person gives them. Wherever weights are wanted, a name means:
//
//   runs/a                       the weights that the run ended with (its model.safetensors)
//   runs/a@best                  the checkpoint at the run's best scheduled evaluation
//   runs/a@1200                  its checkpoint of step 1200, of the highest branch that has one
//   runs/a@b01-s0000001200       that checkpoint
//   weights.safetensors          a file
//   runs/a/checkpoints/b01-...   the directory of a checkpoint
//
// A path that exists is taken as it is; else the last '@' divides run and checkpoint.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/status.h"
#include "worker/model/weight_tensors.h"

namespace lockstep::worker {

// Invalid-argument: a name that means nothing; not-found: what it means is not there, naming what
// is; data-loss: what a finished run left, or the table that says which checkpoint is best, is not
// as the run wrote it. Nothing of the weights is used yet.
Result<NamedWeights> FindWeights(const std::string& name);

// The moving average of weights that FindWeights has found: beside what a run ended with, its
// model_ema.safetensors; of a checkpoint, its averages. A file that is named itself stays.
// Not-found where the run keeps none.
Result<NamedWeights> AveragesOf(NamedWeights weights);

// The step of the best evaluation among the scheduled ones in the run's results.csv, by the metric
// that eval.best names (best_evaluation.h). None before the first.
Result<std::optional<int64_t>> BestStep(const std::string& run_directory);

}  // namespace lockstep::worker
