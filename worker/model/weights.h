// SPDX-License-Identifier: Apache-2.0
// Trained weights in a safetensors file or a checkpoint: parameters and running statistics under
// torchvision's names and in its order of elements, so that any Python reads them as they are.
#pragma once

#include <string>
#include <vector>

#include "storage/checkpoint/safetensors.h"
#include "storage/env/files.h"
#include "worker/model/compiled_model.h"
#include "worker/model/model_state.h"
#include "worker/model/weight_tensors.h"

namespace lockstep::worker {

// Writes a temporary file, syncs and renames it: the file is whole or not there. `more` stands in
// its metadata beside the model's name: what whoever uses the weights must know of their data.
Status SaveWeights(const CompiledModel& model, ModelState* state, const std::string& path,
                   storage::TensorMetadata more = {});

// Loads stored weights. Every tensor must be there with its shape and finite values, and no others
// but PyTorch's num_batches_tracked, which is not read. A model in double takes single precision
// too. Refused weights change nothing of `state`; the failure names file, tensor, both shapes and
// what to do. `advance` (may be empty) is told the bytes of each piece read; where it fails, so
// does the loading.
Status LoadWeights(const CompiledModel& model, const NamedWeights& weights, ModelState* state,
                   const storage::Advance& advance = {});

// As LoadWeights, for weights of another number of classes: the tensors of the model's last layer
// whose first dimension is the number of classes here and another one there, and whose other
// dimensions agree, keep the values that `state` has. Gives their names, in the model's order: none
// where the last layer fits, which is then loaded too.
Result<std::vector<std::string>> LoadWeightsBesideHead(const CompiledModel& model,
                                                       const NamedWeights& weights,
                                                       ModelState* state,
                                                       const storage::Advance& advance = {});

}  // namespace lockstep::worker
