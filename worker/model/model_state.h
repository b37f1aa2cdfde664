// SPDX-License-Identifier: Apache-2.0
// ModelState: a rank's copy of what is trained: all parameters, all running statistics, and the
// optimizer slots of the blocks it owns. It is memory of the model's device. Where the host may not
// touch that, there is a copy for the host beside it: what the host changes counts for kernels
// after ToDevice.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/aligned_buffer.h"
#include "worker/model/compiled_model.h"
#include "worker/model/mirrored_buffer.h"

namespace lockstep::worker {

class ModelState {
 public:
  // Parameters as the seed draws them, or 0 without one (weights will be loaded); running mean 0
  // and variance 1, slots 0. Drawing takes seconds for a large model; it ends with cancelled soon
  // after `stop` (may be null) is set.
  static Result<ModelState> Make(const CompiledModel& model, std::optional<uint64_t> seed,
                                 const std::vector<int64_t>& owned_blocks,
                                 const std::atomic<bool>* stop = nullptr);

  // The host's.
  void* parameters() { return parameters_.host(); }
  void* running() { return running_.host(); }
  const void* parameters() const { return parameters_.host(); }
  const void* running() const { return running_.host(); }
  // For kernels.
  const void* device_parameters() const { return parameters_.device(); }
  const void* device_running() const { return running_.device(); }
  // Enqueues copies of the host's parameters and running statistics; the state stays as it is until
  // they are done.
  void ToDevice(const MemoryAccess& memory);
  // Averages (Program::ema_slot), where there are any, begin anew at the parameters as they are.
  // Make does it, and whoever loads other parameters before the first step.
  void StartAverages(const CompiledModel& model);
  // Exchanges the parameters for another arena of the same size: for an evaluation of averages.
  void SwapParameters(MirroredBuffer* arena) { std::swap(parameters_, *arena); }
  // Slot `slot` of an owned block.
  void* SlotOfBlock(size_t slot, int64_t block);
  int64_t bytes() const;

  // Pointers into the arenas.
  void* Parameter(const CompiledModel& model, size_t tensor);
  void* RunningMean(const CompiledModel& model, size_t layer);
  void* RunningVariance(const CompiledModel& model, size_t layer);

 private:
  MirroredBuffer parameters_, running_;
  std::vector<DeviceBuffer> slots_;
  std::vector<int64_t> slot_offset_;  // by block, bytes; -1: not owned
};

// Makes a buffer of zeros for the host alone.
Result<AlignedBuffer> ZeroedBuffer(int64_t bytes);

}  // namespace lockstep::worker
