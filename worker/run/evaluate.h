// SPDX-License-Identifier: Apache-2.0
// EvaluateWeights: loss and accuracy of stored weights on a split, in one process.
#pragma once

#include <string>

#include "worker/config/train_config.h"
#include "worker/eval/evaluator.h"

namespace lockstep::worker {

// Evaluates the weights that `name` means (worker/report/named_weights.h) with the model, data.val
// split and evaluation settings of `config`. The result is the one training reports for the same
// weights.
Result<EvalResult> EvaluateWeights(const TrainConfig& config, const std::string& name,
                                   const EvalProgress& progress = {});

}  // namespace lockstep::worker
