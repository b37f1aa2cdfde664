// SPDX-License-Identifier: Apache-2.0
#include "worker/trainer/weights.h"

#include "storage/checkpoint/safetensors.h"
#include "worker/trainer/state_tensors.h"

namespace lockstep::worker {

Status SaveWeights(const CompiledModel& model, ModelState* state, const std::string& path) {
  ASSIGN_OR_RETURN(const std::vector<StateTensor> tensors, ModelTensors(model, state));
  return storage::WriteSafetensors(path, ViewsOf(tensors),
                                   {{"model", model.program().options().model}});
}

Status LoadWeights(const CompiledModel& model, const std::string& path, ModelState* state) {
  ASSIGN_OR_RETURN(const storage::SafetensorsFile file, storage::SafetensorsFile::Read(path));
  const size_t expected =
      model.program().parameters().size() + 2 * model.program().running().size();
  const auto find = [&](std::string_view name) { return file.Find(name); };
  if (file.tensors().size() > expected) {
    return InvalidArgument("'" + path + "' holds " + std::to_string(file.tensors().size()) +
                           " tensors; the model '" + model.program().options().model + "' has " +
                           std::to_string(expected) + ": these are another model's weights");
  }
  return LoadModelTensors(model, find, state).WithContext("'" + path + "'");
}

}  // namespace lockstep::worker
