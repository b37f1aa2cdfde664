// SPDX-License-Identifier: Apache-2.0
// Trained weights in a safetensors file: parameters and running statistics under torchvision's
// names and in its order of elements, so that any Python reads them as they are.
#pragma once

#include <string>

#include "worker/trainer/compiled_model.h"
#include "worker/trainer/model_state.h"

namespace lockstep::worker {

// Written to a temporary file, synced and renamed: it is whole or not there.
Status SaveWeights(const CompiledModel& model, ModelState* state, const std::string& path);

// Every tensor must be there with its shape and type, and no others; a refused file changes
// nothing of `state`.
Status LoadWeights(const CompiledModel& model, const std::string& path, ModelState* state);

}  // namespace lockstep::worker
