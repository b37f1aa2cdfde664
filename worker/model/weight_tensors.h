// SPDX-License-Identifier: Apache-2.0
// WeightTensors: the tensors of stored weights, from a safetensors file or a checkpoint.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "storage/checkpoint/checkpoint.h"
#include "storage/checkpoint/safetensors.h"
#include "storage/env/files.h"

namespace lockstep::worker {

// The place that a name of weights means (worker/report/named_weights.h).
struct NamedWeights {
  std::string path;            // a safetensors file, or the directory of a checkpoint
  bool is_checkpoint = false;  // which of them
  std::string run_directory;   // whose weights they are; empty: a file beside no run
  bool averages = false;       // of a checkpoint: the moving average in place of the parameters
};

// The tensors of such weights, read whole. In a checkpoint these are the parameters, or their
// averages and what has none, and running statistics; its manifest and the hash of each file that
// is read are checked first. `advance` (may be empty) is told the bytes of each piece read; where
// it fails, so does the reading.
class WeightTensors {
 public:
  static Result<WeightTensors> Read(const NamedWeights& weights,
                                    const storage::Advance& advance = {});
  const std::vector<storage::TensorView>& tensors() const { return tensors_; }
  Result<storage::TensorView> Find(std::string_view name) const;

 private:
  std::optional<storage::SafetensorsFile> file_;
  std::optional<storage::CheckpointTensors> checkpoint_, averages_;
  std::vector<storage::TensorView> tensors_;
};

}  // namespace lockstep::worker
