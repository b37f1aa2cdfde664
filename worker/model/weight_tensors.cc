// SPDX-License-Identifier: Apache-2.0
#include "worker/model/weight_tensors.h"

#include "graph/program/program.h"
#include "storage/checkpoint/checkpoint_directory.h"

namespace lockstep::worker {

Result<WeightTensors> WeightTensors::Read(const NamedWeights& weights,
                                          const storage::Advance& advance) {
  WeightTensors read;
  if (!weights.is_checkpoint) {
    ASSIGN_OR_RETURN(read.file_, storage::SafetensorsFile::Read(weights.path, advance));
    read.tensors_ = read.file_->tensors();
    return read;
  }
  ASSIGN_OR_RETURN(const storage::CheckpointManifest manifest,
                   storage::InspectCheckpointDirectory(weights.path, std::nullopt));
  ASSIGN_OR_RETURN(read.checkpoint_, storage::CheckpointTensors::ReadDirectory(
                                         weights.path, manifest, "model", advance));
  read.tensors_ = read.checkpoint_->tensors();
  if (!weights.averages) return read;
  ASSIGN_OR_RETURN(read.averages_,
                   storage::CheckpointTensors::ReadDirectory(
                       weights.path, manifest, std::string(graph::kEmaSlot), advance));
  for (storage::TensorView& tensor : read.tensors_) {
    if (auto average = read.averages_->Find(tensor.name); average.ok()) tensor = *average;
  }
  return read;
}

Result<storage::TensorView> WeightTensors::Find(std::string_view name) const {
  if (file_) return file_->Find(name);
  if (averages_) {
    if (auto average = averages_->Find(name); average.ok()) return average;
  }
  return checkpoint_->Find(name);
}

}  // namespace lockstep::worker
