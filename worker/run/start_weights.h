// SPDX-License-Identifier: Apache-2.0
// StartFromWeights: the weights that a recipe begins with (model.weights), the same on every rank.
#pragma once

#include <string>

#include "base/clock.h"
#include "base/device/device.h"
#include "comm/communicator.h"
#include "storage/env/files.h"
#include "worker/config/train_config.h"
#include "worker/model/compiled_model.h"
#include "worker/model/model_state.h"

namespace lockstep::worker {

// Loads the weights that `config` names (worker/report/named_weights.h); where
// model.replace_head is set, besides a last layer of another number of classes, which keeps what
// the seed has drawn. Every rank calls it; it fails on all of them unless all read the same. Gives
// a line that says what was loaded and what was drawn. `advance` (may be empty) is told the bytes
// of each piece read; where it fails on one rank, all fail.
Result<std::string> StartFromWeights(const CompiledModel& model, const ModelConfig& config,
                                     int32_t lanes, comm::Communicator* communicator,
                                     Stream* stream, Deadline deadline, ModelState* state,
                                     const storage::Advance& advance = {});

}  // namespace lockstep::worker
