// SPDX-License-Identifier: Apache-2.0
#include "worker/model/model_state.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "graph/program/initialise.h"

namespace lockstep::worker {
namespace {

template <typename T>
Status InitialiseAll(const CompiledModel& model, std::optional<uint64_t> seed,
                     const std::atomic<bool>* stop, void* parameters, void* running) {
  const auto& tensors = model.program().parameters();
  for (size_t i = 0; seed && i < tensors.size(); ++i) {
    RETURN_IF_ERROR(graph::Initialise(
        tensors[i], *seed, static_cast<T*>(parameters) + model.space().segments()[i].offset, stop));
  }
  for (size_t layer = 0; layer < model.program().running().size(); ++layer) {
    T* variance = static_cast<T*>(running) + model.running_space().VarianceAt(layer);
    std::fill_n(variance, model.program().running()[layer].channels, T(1));
  }
  return OkStatus();
}

}  // namespace

Result<AlignedBuffer> ZeroedBuffer(int64_t bytes) {
  ASSIGN_OR_RETURN(AlignedBuffer buffer, AlignedBuffer::Make(static_cast<size_t>(bytes)));
  if (bytes > 0) std::memset(buffer.data(), 0, buffer.size());
  return buffer;
}

Result<ModelState> ModelState::Make(const CompiledModel& model, std::optional<uint64_t> seed,
                                    const std::vector<int64_t>& owned_blocks,
                                    const std::atomic<bool>* stop) {
  ModelState state;
  const int64_t size = SizeOf(model.precision());
  Device* const device = model.device();
  ASSIGN_OR_RETURN(
      state.parameters_,
      MirroredBuffer::MakeZeroed(device, model.space().arena_elements() * size, "parameters"));
  ASSIGN_OR_RETURN(state.running_,
                   MirroredBuffer::MakeZeroed(device, model.running_space().arena_elements() * size,
                                              "running statistics"));
  if (model.precision() == DType::kFloat64) {
    RETURN_IF_ERROR(InitialiseAll<double>(model, seed, stop, state.parameters(), state.running()));
  } else {
    RETURN_IF_ERROR(InitialiseAll<float>(model, seed, stop, state.parameters(), state.running()));
  }
  int64_t slot_bytes = 0;
  state.slot_offset_.assign(model.space().blocks().size(), -1);
  for (int64_t block : owned_blocks) {
    state.slot_offset_[static_cast<size_t>(block)] = slot_bytes;
    slot_bytes += model.space().blocks()[static_cast<size_t>(block)].length * size;
  }
  for (size_t i = 0; i < model.program().slots().size(); ++i) {
    ASSIGN_OR_RETURN(DeviceBuffer slot, ZeroedBuffer(device, slot_bytes, "optimizer slots"));
    state.slots_.push_back(std::move(slot));
  }
  state.StartAverages(model);
  return state;
}

void ModelState::StartAverages(const CompiledModel& model) {
  const std::optional<size_t> slot = model.program().ema_slot();
  if (!slot) return;
  const int64_t size = SizeOf(model.precision());
  for (size_t i = 0; i < slot_offset_.size(); ++i) {
    if (slot_offset_[i] < 0) continue;
    const graph::Block& block = model.space().blocks()[i];
    std::memcpy(SlotOfBlock(*slot, static_cast<int64_t>(i)),
                static_cast<const char*>(parameters()) + block.offset * size,
                static_cast<size_t>(block.length * size));
  }
}

void ModelState::ToDevice(const MemoryAccess& memory) {
  parameters_.ToDevice(memory, parameters_.size());
  running_.ToDevice(memory, running_.size());
}

void* ModelState::SlotOfBlock(size_t slot, int64_t block) {
  const int64_t offset = slot_offset_[static_cast<size_t>(block)];
  CHECK_GE(offset, 0) << "block " << block << " is not owned by this rank";
  return static_cast<char*>(slots_[slot].data()) + offset;
}

int64_t ModelState::bytes() const {
  size_t bytes = parameters_.size() + running_.size();
  for (const DeviceBuffer& slot : slots_) bytes += slot.size();
  return static_cast<int64_t>(bytes);
}

void* ModelState::Parameter(const CompiledModel& model, size_t tensor) {
  return static_cast<char*>(parameters()) +
         model.space().segments()[tensor].offset * SizeOf(model.precision());
}

void* ModelState::RunningMean(const CompiledModel& model, size_t layer) {
  return static_cast<char*>(running()) +
         model.running_space().MeanAt(layer) * SizeOf(model.precision());
}

void* ModelState::RunningVariance(const CompiledModel& model, size_t layer) {
  return static_cast<char*>(running()) +
         model.running_space().VarianceAt(layer) * SizeOf(model.precision());
}

}  // namespace lockstep::worker
