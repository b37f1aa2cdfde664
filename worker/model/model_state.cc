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
  ASSIGN_OR_RETURN(state.parameters_, ZeroedBuffer(model.space().arena_elements() * size));
  ASSIGN_OR_RETURN(state.running_, ZeroedBuffer(model.running_space().arena_elements() * size));
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
  for (size_t i = 0; i < model.program().options().optimizer.slots().size(); ++i) {
    ASSIGN_OR_RETURN(AlignedBuffer slot, ZeroedBuffer(slot_bytes));
    state.slots_.push_back(std::move(slot));
  }
  return state;
}

void* ModelState::SlotOfBlock(size_t slot, int64_t block) {
  const int64_t offset = slot_offset_[static_cast<size_t>(block)];
  CHECK_GE(offset, 0) << "block " << block << " is not owned by this rank";
  return static_cast<char*>(slots_[slot].data()) + offset;
}

int64_t ModelState::bytes() const {
  size_t bytes = parameters_.size() + running_.size();
  for (const AlignedBuffer& slot : slots_) bytes += slot.size();
  return static_cast<int64_t>(bytes);
}

void* ModelState::Parameter(const CompiledModel& model, size_t tensor) {
  return static_cast<char*>(parameters_.data()) +
         model.space().segments()[tensor].offset * SizeOf(model.precision());
}

void* ModelState::RunningMean(const CompiledModel& model, size_t layer) {
  return static_cast<char*>(running_.data()) +
         model.running_space().MeanAt(layer) * SizeOf(model.precision());
}

void* ModelState::RunningVariance(const CompiledModel& model, size_t layer) {
  return static_cast<char*>(running_.data()) +
         model.running_space().VarianceAt(layer) * SizeOf(model.precision());
}

}  // namespace lockstep::worker
