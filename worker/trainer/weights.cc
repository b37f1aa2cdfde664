// SPDX-License-Identifier: Apache-2.0
#include "worker/trainer/weights.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "graph/io/tensor_order.h"
#include "storage/checkpoint/safetensors.h"

namespace lockstep::worker {
namespace {

// A tensor of the file and where it lies in memory; parameter is null for running statistics.
struct Entry {
  std::string name;
  TensorType type;  // as the file states it
  void* memory = nullptr;
  const graph::Parameter* parameter = nullptr;
};

std::vector<Entry> EntriesOf(const CompiledModel& model, ModelState* state) {
  std::vector<Entry> entries;
  const auto& parameters = model.program().parameters();
  for (size_t i = 0; i < parameters.size(); ++i) {
    entries.push_back({parameters[i].name,
                       {model.precision(), parameters[i].file_shape},
                       state->Parameter(model, i),
                       &parameters[i]});
  }
  for (size_t i = 0; i < model.program().running().size(); ++i) {
    const graph::RunningStatistics& layer = model.program().running()[i];
    const TensorType type{model.precision(), {layer.channels}};
    entries.push_back(
        {graph::FileName(layer.path, "running_mean"), type, state->RunningMean(model, i), nullptr});
    entries.push_back({graph::FileName(layer.path, "running_var"), type,
                       state->RunningVariance(model, i), nullptr});
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

void CopyFromFile(const Entry& entry, const void* file) {
  if (entry.parameter == nullptr) {
    std::memcpy(entry.memory, file, static_cast<size_t>(entry.type.bytes()));
  } else if (entry.type.dtype == DType::kFloat64) {
    graph::FromFileOrder(*entry.parameter, static_cast<const double*>(file),
                         static_cast<double*>(entry.memory));
  } else {
    graph::FromFileOrder(*entry.parameter, static_cast<const float*>(file),
                         static_cast<float*>(entry.memory));
  }
}

template <typename T>
bool AllFinite(const Entry& entry) {
  const T* x = static_cast<const T*>(entry.memory);
  return std::all_of(x, x + entry.type.shape.elements(), [](T v) { return std::isfinite(v); });
}

// No file of weights ever holds a value that is not finite.
Status CheckFinite(const Entry& entry) {
  const bool finite =
      entry.type.dtype == DType::kFloat64 ? AllFinite<double>(entry) : AllFinite<float>(entry);
  if (finite) return OkStatus();
  return NonFinite("'" + entry.name +
                   "' holds a NaN or an infinity after the last step; no weights were written: "
                   "lower the learning rate or clip (optimizer.clip_norm)");
}

}  // namespace

Status SaveWeights(const CompiledModel& model, ModelState* state, const std::string& path) {
  std::vector<AlignedBuffer> copies;
  std::vector<storage::TensorView> tensors;
  for (const Entry& entry : EntriesOf(model, state)) {
    RETURN_IF_ERROR(CheckFinite(entry));
    ASSIGN_OR_RETURN(AlignedBuffer copy,
                     AlignedBuffer::Make(static_cast<size_t>(entry.type.bytes())));
    CopyToFile(entry, copy.data());
    tensors.push_back({entry.name, entry.type, copy.data()});
    copies.push_back(std::move(copy));
  }
  return storage::WriteSafetensors(path, tensors, {{"model", model.program().options().model}});
}

Status LoadWeights(const CompiledModel& model, const std::string& path, ModelState* state) {
  ASSIGN_OR_RETURN(const storage::SafetensorsFile file, storage::SafetensorsFile::Read(path));
  const std::vector<Entry> entries = EntriesOf(model, state);
  std::vector<const void*> found;
  for (const Entry& entry : entries) {
    ASSIGN_OR_RETURN(const storage::TensorView tensor, file.Find(entry.name));
    if (tensor.type != entry.type) {
      return InvalidArgument(
          "'" + path + "': tensor '" + entry.name + "' is " + tensor.type.ToString() +
          "; the model '" + model.program().options().model + "' expects " + entry.type.ToString());
    }
    found.push_back(tensor.data);
  }
  if (file.tensors().size() != entries.size()) {
    return InvalidArgument("'" + path + "' holds " + std::to_string(file.tensors().size()) +
                           " tensors; the model '" + model.program().options().model + "' has " +
                           std::to_string(entries.size()) + ": these are another model's weights");
  }
  for (size_t i = 0; i < entries.size(); ++i) CopyFromFile(entries[i], found[i]);
  return OkStatus();
}

}  // namespace lockstep::worker
