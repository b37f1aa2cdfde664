// SPDX-License-Identifier: Apache-2.0
#include "worker/model/weights.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/all_finite.h"
#include "base/format.h"
#include "base/suggest.h"
#include "storage/checkpoint/safetensors.h"
#include "worker/model/state_tensors.h"

namespace lockstep::worker {
namespace {

constexpr std::string_view kBatchCounter = ".num_batches_tracked";

// Counts PyTorch keeps beside a norm's statistics; nothing here reads them.
bool IsBatchCounter(const CompiledModel& model, std::string_view name) {
  if (!name.ends_with(kBatchCounter)) return false;
  const auto& norms = model.program().running();
  return std::any_of(norms.begin(), norms.end(), [&](const graph::RunningStatistics& norm) {
    return graph::FileName(norm.path, kBatchCounter.substr(1)) == name;
  });
}

// "layer4.1.bn2" of "layer4.1.bn2.weight".
std::string_view LayerOf(std::string_view tensor) {
  return tensor.substr(0, std::min(tensor.rfind('.'), tensor.size()));
}

// Whether a tensor belongs to the layer that tells the classes apart, the last that has parameters,
// in a file of another number of classes.
bool IsOfOtherHead(const CompiledModel& model, std::string_view name, const Shape& expected,
                   const Shape& found) {
  const int64_t classes = model.program().options().model_options.classes;
  if (LayerOf(name) != LayerOf(model.program().parameters().back().name)) return false;
  if (expected.rank() < 1 || expected.rank() != found.rank()) return false;
  if (expected[0] != classes || found[0] == classes) return false;
  return std::equal(expected.dims().begin() + 1, expected.dims().end(), found.dims().begin() + 1);
}

// Checks that the file has the model's tensors and no others. Where `other_head` is not null, the
// names of those of another number of classes are put there.
Status CheckTensors(const CompiledModel& model, const std::vector<storage::TensorView>& tensors,
                    std::vector<std::string>* other_head) {
  const std::string name = Quoted(model.program().options().model);
  const std::vector<TensorEntry> expected = ModelTensorTypes(model);
  std::vector<std::string> known;
  for (const storage::TensorView& tensor : tensors) known.push_back(tensor.name);
  for (const TensorEntry& entry : expected) {
    const auto at = std::find(known.begin(), known.end(), entry.name);
    if (at == known.end()) {
      return InvalidArgument("it has no tensor " + Quoted(entry.name) + ", " +
                             entry.type.ToString() + " of the model " + name +
                             Suggestion(entry.name, known) +
                             "; take weights of this model under torchvision's names");
    }
    const TensorType& found = tensors[static_cast<size_t>(at - known.begin())].type;
    if (other_head != nullptr && IsOfOtherHead(model, entry.name, entry.type.shape, found.shape)) {
      other_head->push_back(entry.name);
      continue;
    }
    if (found.shape != entry.type.shape) {
      return InvalidArgument(
          "tensor " + Quoted(entry.name) + " is " + found.ToString() + "; the model " + name +
          " expects " + entry.type.ToString() +
          "; where only the number of classes differs, set model.replace_head = true to begin with "
          "a new last layer (docs/weights.md)");
    }
    if (!CanLoad(found.dtype, entry.type.dtype)) {
      return InvalidArgument("tensor " + Quoted(entry.name) + " is " + found.ToString() +
                             "; the model " + name + " expects " + entry.type.ToString() +
                             "; write the file with tensors of that type (docs/weights.md)");
    }
  }
  for (const storage::TensorView& tensor : tensors) {
    const bool wanted = std::any_of(expected.begin(), expected.end(),
                                    [&](const TensorEntry& e) { return e.name == tensor.name; });
    if (wanted || IsBatchCounter(model, tensor.name)) continue;
    return InvalidArgument("it holds a tensor " + Quoted(tensor.name) + ", " +
                           tensor.type.ToString() + ", that the model " + name +
                           " has not; take weights of this model, or leave the tensor out");
  }
  return OkStatus();
}

// The bytes of a foreign file need not lie aligned, so they are looked at in copies.
template <typename T>
Status CheckValues(const storage::TensorView& tensor) {
  constexpr int64_t kPiece = 4096;
  T values[kPiece];
  const int64_t count = tensor.type.shape.elements();
  for (int64_t begin = 0; begin < count; begin += kPiece) {
    const int64_t size = std::min(kPiece, count - begin);
    std::memcpy(values, static_cast<const char*>(tensor.data) + begin * int64_t{sizeof(T)},
                static_cast<size_t>(size) * sizeof(T));
    if (AllFinite(values, size)) continue;
    const T* const bad =
        std::find_if(values, values + size, [](T value) { return !std::isfinite(value); });
    return InvalidArgument(
        "tensor " + Quoted(tensor.name) + " has " + (std::isnan(*bad) ? "a NaN" : "an infinity") +
        " as value " + std::to_string(begin + (bad - values) + 1) + " of " + std::to_string(count) +
        "; nothing can be evaluated with it or trained from it: take weights "
        "of an earlier step");
  }
  return OkStatus();
}

// Checks that no value is a NaN or an infinity.
Status CheckFinite(const std::vector<storage::TensorView>& tensors) {
  for (const storage::TensorView& tensor : tensors) {
    if (tensor.type.dtype == DType::kFloat32) RETURN_IF_ERROR(CheckValues<float>(tensor));
    if (tensor.type.dtype == DType::kFloat64) RETURN_IF_ERROR(CheckValues<double>(tensor));
  }
  return OkStatus();
}

}  // namespace

Status SaveWeights(const CompiledModel& model, ModelState* state, const std::string& path,
                   storage::TensorMetadata more) {
  ASSIGN_OR_RETURN(const std::vector<StateTensor> tensors, ModelTensors(model, state));
  more["model"] = model.program().options().model;
  return storage::WriteSafetensors(path, ViewsOf(tensors), more);
}

namespace {

Status Load(const CompiledModel& model, const NamedWeights& weights,
            const storage::Advance& advance, std::vector<std::string>* other_head,
            ModelState* state) {
  ASSIGN_OR_RETURN(const WeightTensors read, WeightTensors::Read(weights, advance));
  const auto check = [&]() -> Status {
    RETURN_IF_ERROR(CheckTensors(model, read.tensors(), other_head));
    return CheckFinite(read.tensors());
  };
  RETURN_IF_ERROR(check().WithContext(Quoted(weights.path)));
  std::vector<StateTensor> kept;
  if (other_head != nullptr && !other_head->empty()) {
    ASSIGN_OR_RETURN(kept, ModelTensors(model, state));
  }
  const std::vector<storage::TensorView> mine = ViewsOf(kept);
  const auto find = [&](std::string_view tensor) -> Result<storage::TensorView> {
    const bool keep = other_head != nullptr && std::find(other_head->begin(), other_head->end(),
                                                         tensor) != other_head->end();
    if (!keep) return read.Find(tensor);
    return *std::find_if(mine.begin(), mine.end(),
                         [tensor](const storage::TensorView& view) { return view.name == tensor; });
  };
  return LoadModelTensors(model, find, state);
}

}  // namespace

Status LoadWeights(const CompiledModel& model, const NamedWeights& weights, ModelState* state,
                   const storage::Advance& advance) {
  return Load(model, weights, advance, nullptr, state);
}

Result<std::vector<std::string>> LoadWeightsBesideHead(const CompiledModel& model,
                                                       const NamedWeights& weights,
                                                       ModelState* state,
                                                       const storage::Advance& advance) {
  std::vector<std::string> other_head;
  RETURN_IF_ERROR(Load(model, weights, advance, &other_head, state));
  return other_head;
}

}  // namespace lockstep::worker
