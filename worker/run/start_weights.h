// SPDX-License-Identifier: Apache-2.0
// StartFromWeights: the weights that a recipe begins with (model.weights), the same on every rank.
#pragma once

#include <string>

#include "base/clock.h"
#include "base/device/device.h"
#include "comm/communicator.h"
#include "worker/model/compiled_model.h"
#include "worker/model/model_state.h"

namespace lockstep::worker {

// Loads the weights that `name` means (worker/report/named_weights.h). Every rank of a run of
// `lanes` lanes calls it; it fails on all of them unless all read the same.
Status StartFromWeights(const CompiledModel& model, const std::string& name, int32_t lanes,
                        comm::Communicator* communicator, Stream* stream, Deadline deadline,
                        ModelState* state);

}  // namespace lockstep::worker
