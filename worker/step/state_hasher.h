// SPDX-License-Identifier: Apache-2.0
// StateHasher: the hash H of a training state whose blocks lie on many ranks. Each rank hashes the
// blocks that it owns, while it has nothing else to do, and one gather of 8 bytes a block brings
// all hashes to every rank.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "comm/communicator.h"
#include "worker/model/compiled_model.h"
#include "worker/model/model_state.h"
#include "worker/step/owned_gather.h"

namespace lockstep::worker {

class StateHasher {
 public:
  // Who owns each block of the parameter space, and the running statistics of each layer. The model
  // outlives this.
  StateHasher(const CompiledModel* model, comm::Communicator* communicator,
              const std::vector<Rank>& blocks, const std::vector<Rank>& layers);

  // Blocks; every rank calls it. Frozen parameters are hashed at the first call, and must be loaded
  // by then.
  Result<uint64_t> Run(ModelState* state, Stream* stream, Deadline deadline);

 private:
  const CompiledModel* model_;
  std::vector<bool> my_blocks_, my_layers_;
  OwnedGather hashes_;
  std::optional<uint64_t> frozen_hash_;
};

}  // namespace lockstep::worker
