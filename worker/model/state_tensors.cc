// SPDX-License-Identifier: Apache-2.0
#include "worker/model/state_tensors.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "graph/io/tensor_order.h"

namespace lockstep::worker {
namespace {

// A tensor of the model group and where it lies in memory; parameter is null for running
// statistics.
struct Entry {
  std::string name;
  TensorType type;  // as the file states it
  void* memory = nullptr;
  const graph::Parameter* parameter = nullptr;
};

std::vector<Entry> ModelEntries(const CompiledModel& model, ModelState* state) {
  std::vector<Entry> entries;
  const auto& parameters = model.program().parameters();
  for (const TensorEntry& tensor : ModelTensorTypes(model)) {
    const size_t i = entries.size();
    if (i < parameters.size()) {
      entries.push_back({tensor.name, tensor.type, state->Parameter(model, i), &parameters[i]});
      continue;
    }
    const size_t layer = (i - parameters.size()) / 2;
    const bool mean = (i - parameters.size()) % 2 == 0;
    entries.push_back(
        {tensor.name, tensor.type,
         mean ? state->RunningMean(model, layer) : state->RunningVariance(model, layer), nullptr});
  }
  return entries;
}

void CopyToFile(const Entry& entry, void* file) {
  if (entry.parameter == nullptr) {
    std::memcpy(file, entry.memory, static_cast<size_t>(entry.type.bytes()));
  } else if (entry.type.dtype == DType::kFloat64) {
    graph::ToFileOrder(*entry.parameter, static_cast<const double*>(entry.memory),
                       static_cast<double*>(file));
  } else {
    graph::ToFileOrder(*entry.parameter, static_cast<const float*>(entry.memory),
                       static_cast<float*>(file));
  }
}

template <typename From, typename To>
void CopyFromFileAs(const Entry& entry, const storage::TensorView& file) {
  const From* from = static_cast<const From*>(file.data);
  To* to = static_cast<To*>(entry.memory);
  if (entry.parameter == nullptr) {
    std::copy_n(from, entry.type.shape.elements(), to);
  } else {
    graph::FromFileOrder(*entry.parameter, from, to);
  }
}

void CopyFromFile(const Entry& entry, const storage::TensorView& file) {
  if (entry.type.dtype == DType::kFloat32) {
    CopyFromFileAs<float, float>(entry, file);
  } else if (file.type.dtype == DType::kFloat32) {
    CopyFromFileAs<float, double>(entry, file);
  } else {
    CopyFromFileAs<double, double>(entry, file);
  }
}

template <typename T>
bool AllFinite(const Entry& entry) {
  const T* x = static_cast<const T*>(entry.memory);
  return std::all_of(x, x + entry.type.shape.elements(), [](T v) { return std::isfinite(v); });
}

Status CheckFinite(const Entry& entry) {
  const bool finite =
      entry.type.dtype == DType::kFloat64 ? AllFinite<double>(entry) : AllFinite<float>(entry);
  if (finite) return OkStatus();
  return NonFinite("'" + entry.name +
                   "' holds a NaN or an infinity after the last step; no weights were written: "
                   "lower the learning rate or clip (optimizer.clip_norm)");
}

Result<StateTensor> CopyOf(const Entry& entry) {
  StateTensor tensor{entry.name, entry.type, {}};
  ASSIGN_OR_RETURN(tensor.data, AlignedBuffer::Make(static_cast<size_t>(entry.type.bytes())));
  CopyToFile(entry, tensor.data.data());
  return tensor;
}

Result<storage::TensorView> FindTyped(const CompiledModel& model, const FindTensor& find,
                                      const std::string& name, const TensorType& type) {
  ASSIGN_OR_RETURN(storage::TensorView tensor, find(name));
  if (tensor.type.shape == type.shape && CanLoad(tensor.type.dtype, type.dtype)) return tensor;
  return InvalidArgument("tensor '" + name + "' is " + tensor.type.ToString() + "; the model '" +
                         model.program().options().model + "' expects " + type.ToString());
}

}  // namespace

int64_t CheckpointCopyBytes(const CompiledModel& model) {
  const auto slots = static_cast<int64_t>(model.program().slots().size());
  const int64_t elements = 2 * slots * model.space().elements() + model.space().arena_elements() +
                           model.running_space().arena_elements();
  return elements * SizeOf(model.precision());
}

std::vector<TensorEntry> ModelTensorTypes(const CompiledModel& model) {
  std::vector<TensorEntry> entries;
  for (const graph::Parameter& parameter : model.program().parameters()) {
    entries.push_back({parameter.name, {model.precision(), parameter.file_shape}});
  }
  for (const graph::RunningStatistics& layer : model.program().running()) {
    const TensorType type{model.precision(), {layer.channels}};
    entries.push_back({graph::FileName(layer.path, "running_mean"), type});
    entries.push_back({graph::FileName(layer.path, "running_var"), type});
  }
  return entries;
}

bool CanLoad(DType file, DType model) {
  return file == model || (file == DType::kFloat32 && model == DType::kFloat64);
}

std::vector<storage::TensorView> ViewsOf(const std::vector<StateTensor>& tensors) {
  std::vector<storage::TensorView> views;
  for (const StateTensor& tensor : tensors) {
    views.push_back({tensor.name, tensor.type, tensor.data.data()});
  }
  return views;
}

Result<std::vector<StateTensor>> ModelTensors(const CompiledModel& model, ModelState* state) {
  std::vector<StateTensor> tensors;
  for (const Entry& entry : ModelEntries(model, state)) {
    RETURN_IF_ERROR(CheckFinite(entry));
    ASSIGN_OR_RETURN(StateTensor tensor, CopyOf(entry));
    tensors.push_back(std::move(tensor));
  }
  return tensors;
}

Result<std::vector<StateTensor>> SlotTensors(const CompiledModel& model, const void* arena) {
  std::vector<StateTensor> tensors;
  const auto& parameters = model.program().parameters();
  for (size_t i = 0; i < parameters.size(); ++i) {
    if (model.space().IsFrozen(i)) continue;
    const int64_t at = model.space().segments()[i].offset * SizeOf(model.precision());
    const Entry entry{parameters[i].name,
                      {model.precision(), parameters[i].file_shape},
                      const_cast<char*>(static_cast<const char*>(arena) + at),  // only read
                      &parameters[i]};
    ASSIGN_OR_RETURN(StateTensor tensor, CopyOf(entry));
    tensors.push_back(std::move(tensor));
  }
  return tensors;
}

Status LoadModelTensors(const CompiledModel& model, const FindTensor& find, ModelState* state) {
  const std::vector<Entry> entries = ModelEntries(model, state);
  std::vector<storage::TensorView> found;
  for (const Entry& entry : entries) {
    ASSIGN_OR_RETURN(storage::TensorView tensor, FindTyped(model, find, entry.name, entry.type));
    found.push_back(std::move(tensor));
  }
  for (size_t i = 0; i < entries.size(); ++i) CopyFromFile(entries[i], found[i]);
  return OkStatus();
}

Status LoadSlotTensors(const CompiledModel& model, const FindTensor& find, size_t slot,
                       const std::vector<int64_t>& owned_blocks, ModelState* state) {
  const auto& parameters = model.program().parameters();
  const int64_t size = SizeOf(model.precision());
  ASSIGN_OR_RETURN(AlignedBuffer arena, ZeroedBuffer(model.space().elements() * size));
  char* const bytes = static_cast<char*>(arena.data());
  for (size_t i = 0; i < parameters.size(); ++i) {
    if (model.space().IsFrozen(i)) continue;
    const Entry entry{parameters[i].name,
                      {model.precision(), parameters[i].file_shape},
                      bytes + model.space().segments()[i].offset * size,
                      &parameters[i]};
    ASSIGN_OR_RETURN(const storage::TensorView tensor,
                     FindTyped(model, find, entry.name, entry.type));
    CopyFromFile(entry, tensor);
  }
  for (int64_t block : owned_blocks) {
    const graph::Block& span = model.space().blocks()[static_cast<size_t>(block)];
    std::memcpy(state->SlotOfBlock(slot, block), bytes + span.offset * size,
                static_cast<size_t>(span.length * size));
  }
  return OkStatus();
}

}  // namespace lockstep::worker
