// SPDX-License-Identifier: Apache-2.0
#include "worker/step/state_hasher.h"

#include "base/hash.h"
#include "worker/step/digest.h"

namespace lockstep::worker {
namespace {

// The owners of the items that are hashed: parameter blocks, running layers, then the blocks of
// each slot.
std::vector<Rank> OwnersOfItems(const CompiledModel& model, const std::vector<Rank>& blocks,
                                const std::vector<Rank>& layers) {
  std::vector<Rank> owners = blocks;
  owners.insert(owners.end(), layers.begin(), layers.end());
  for (size_t i = 0; i < model.program().slots().size(); ++i) {
    owners.insert(owners.end(), blocks.begin(), blocks.end());
  }
  return owners;
}

std::vector<bool> OwnedBy(Rank rank, const std::vector<Rank>& owners) {
  std::vector<bool> mine;
  for (const Rank owner : owners) mine.push_back(owner == rank);
  return mine;
}

}  // namespace

StateHasher::StateHasher(const CompiledModel* model, comm::Communicator* communicator,
                         const std::vector<Rank>& blocks, const std::vector<Rank>& layers)
    : model_(model),
      my_blocks_(OwnedBy(communicator->rank(), blocks)),
      my_layers_(OwnedBy(communicator->rank(), layers)),
      hashes_(communicator, OwnersOfItems(*model, blocks, layers)) {}

Result<uint64_t> StateHasher::Run(ModelState* state, Stream* stream, Deadline deadline) {
  const auto& blocks = model_->space().blocks();
  const auto& layers = model_->running_space().blocks();
  const int64_t size = SizeOf(model_->precision());
  const auto at = [size](const void* arena, int64_t element) {
    return static_cast<const char*>(arena) + element * size;
  };
  std::vector<uint64_t> words;
  const auto hash = [&](bool mine, const void* data, int64_t length) {
    words.push_back(mine ? Hash64(data, static_cast<size_t>(length * size)) : 0);
  };
  for (size_t i = 0; i < blocks.size(); ++i) {
    hash(my_blocks_[i], at(state->parameters(), blocks[i].offset), blocks[i].length);
  }
  for (size_t i = 0; i < layers.size(); ++i) {
    hash(my_layers_[i], at(state->running(), layers[i].offset), layers[i].length);
  }
  for (size_t slot = 0; slot < model_->program().slots().size(); ++slot) {
    for (size_t i = 0; i < blocks.size(); ++i) {
      const bool mine = my_blocks_[i];
      hash(mine, mine ? state->SlotOfBlock(slot, static_cast<int64_t>(i)) : nullptr,
           blocks[i].length);
    }
  }
  RETURN_IF_ERROR(hashes_.Run(&words, stream, deadline));
  const int64_t frozen = model_->space().arena_elements() - model_->space().elements();
  if (frozen > 0) {  // every rank has all of them
    const void* data = at(state->parameters(), model_->space().elements());
    if (!frozen_hash_) frozen_hash_ = Hash64(data, static_cast<size_t>(frozen * size));
    words.push_back(*frozen_hash_);
  }
  return HashOfBlockHashes(words);
}

}  // namespace lockstep::worker
