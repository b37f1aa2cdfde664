// SPDX-License-Identifier: Apache-2.0
// The loaders of a recipe: batches to train on, and batches to evaluate.
#pragma once

#include <memory>

#include "storage/loader/eval_loader.h"
#include "storage/loader/train_loader.h"
#include "worker/config/train_config.h"
#include "worker/model/run_setup.h"

namespace lockstep::worker {

// What a recipe says of its batches to train on: all but which lanes, from where on, and the number
// of threads. `order` is of the split data.train.
storage::TrainLoaderOptions LoaderOptionsOf(const TrainConfig& config,
                                            const storage::OrderSpec& order);

// The batches of `lanes` from a position on. Config and setup outlive the loader.
Result<std::unique_ptr<storage::TrainLoader>> MakeTrainLoader(const TrainConfig& config,
                                                              const RunSetup& setup, Range lanes,
                                                              Epoch epoch, int64_t step_in_epoch);

// The batches of the split data.val.
Result<std::unique_ptr<storage::EvalLoader>> MakeEvalLoader(const TrainConfig& config,
                                                            const RunSetup& setup);

}  // namespace lockstep::worker
