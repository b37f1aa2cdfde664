// SPDX-License-Identifier: Apache-2.0
// Trained weights in a safetensors file or a checkpoint: parameters and running statistics under
// torchvision's names and in its order of elements, so that any Python reads them as they are.
#pragma once

#include <string>

#include "base/clock.h"
#include "base/device/device.h"
#include "comm/communicator.h"
#include "worker/trainer/compiled_model.h"
#include "worker/trainer/model_state.h"

namespace lockstep::worker {

// Written to a temporary file, synced and renamed: it is whole or not there.
Status SaveWeights(const CompiledModel& model, ModelState* state, const std::string& path);

// The weights that `name` means (worker/trainer/named_weights.h). Every tensor must be there with
// its shape and finite values, and no others but PyTorch's num_batches_tracked, which is not read.
// A model in double takes single precision too. Refused weights change nothing of `state`; the
// failure names file, tensor, both shapes and what to do.
Status LoadWeights(const CompiledModel& model, const std::string& name, ModelState* state);

// LoadWeights on every rank of a run of `lanes` lanes; fails on all unless all read the same.
Status StartFromWeights(const CompiledModel& model, const std::string& name, int32_t lanes,
                        comm::Communicator* communicator, Stream* stream, Deadline deadline,
                        ModelState* state);

}  // namespace lockstep::worker
