// SPDX-License-Identifier: Apache-2.0
// EvaluateWeights: loss and metrics of stored weights on a split, in one process.
#pragma once

#include <optional>
#include <string>

#include "worker/config/train_config.h"
#include "worker/eval/evaluator.h"

namespace lockstep::worker {

struct WeightsEvaluation {
  EvalResult result;
  std::optional<graph::ClassTable> per_class;  // where it was asked for
};

// Evaluates the weights that `name` means (worker/report/named_weights.h) with the model, data.val
// split and evaluation settings of `config`. The result is the one training reports for the same
// weights. `per_class`: also the values of each class, or failed-precondition where the task has no
// classes.
Result<WeightsEvaluation> EvaluateWeights(const TrainConfig& config, const std::string& name,
                                          const EvalProgress& progress = {},
                                          bool per_class = false);

}  // namespace lockstep::worker
