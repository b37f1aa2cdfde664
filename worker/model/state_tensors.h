// SPDX-License-Identifier: Apache-2.0
// The training state as named tensors in the order of their files: torchvision's names and order of
// elements, whatever the number of ranks. Weights files and checkpoints are made of these.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/aligned_buffer.h"
#include "base/shape.h"
#include "storage/checkpoint/safetensors.h"
#include "worker/model/compiled_model.h"
#include "worker/model/model_state.h"

namespace lockstep::worker {

struct StateTensor {
  std::string name;
  TensorType type;
  AlignedBuffer data;
};
std::vector<storage::TensorView> ViewsOf(const std::vector<StateTensor>& tensors);

// Copies of all parameters and running statistics. Fails with NonFinite, naming the tensor, where
// one holds a NaN or an infinity: no file ever does.
Result<std::vector<StateTensor>> ModelTensors(const CompiledModel& model, ModelState* state);
// Copies of one optimizer slot, under the names of the parameters that are trained; `arena` is laid
// out as the parameter space.
Result<std::vector<StateTensor>> SlotTensors(const CompiledModel& model, const void* arena);

// Memory for the copies that a checkpoint is written from: the gathered slots and, in the order of
// the files, slots, parameters and running statistics.
int64_t CheckpointCopyBytes(const CompiledModel& model);

// What files of the model's parameters and running statistics hold, in their order.
struct TensorEntry {
  std::string name;
  TensorType type;
};
std::vector<TensorEntry> ModelTensorTypes(const CompiledModel& model);
// Whether a file's element type can become the model's without changing a value.
bool CanLoad(DType file, DType model);

// A tensor of the files by its name; fails with not-found where there is none.
using FindTensor = std::function<Result<storage::TensorView>(std::string_view name)>;

// Fails with data-loss or invalid-argument, naming the tensor and changing nothing, unless every
// tensor is there with its shape and a type that CanLoad.
Status LoadModelTensors(const CompiledModel& model, const FindTensor& find, ModelState* state);
// The blocks of the slot that this state owns.
Status LoadSlotTensors(const CompiledModel& model, const FindTensor& find, size_t slot,
                       const std::vector<int64_t>& owned_blocks, ModelState* state);

}  // namespace lockstep::worker
