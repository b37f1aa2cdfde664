// SPDX-License-Identifier: Apache-2.0
// TensorNorms: what all ranks decide on before an update, from squared norms of blocks that their
// owners have taken. One gather of 8 bytes a norm and block brings them to every rank, and each
// adds them up by the canonical tree, so that all have the same bits, whoever owns what.
#pragma once

#include <cstdint>
#include <vector>

#include "base/clock.h"
#include "comm/communicator.h"
#include "worker/model/compiled_model.h"
#include "worker/step/owned_gather.h"

namespace lockstep::worker {

class TensorNorms {
 public:
  // `norms` of each block, whose owners are `owners`. The model outlives this.
  TensorNorms(const CompiledModel* model, comm::Communicator* communicator,
              const std::vector<Rank>& owners, size_t norms);

  // In: the squares of the blocks that this rank owns, by block, then by norm. Out: all. Blocks;
  // every rank calls it.
  Status Gather(std::vector<double>* squares, Stream* stream, Deadline deadline);

  // Of gathered squares: the norm of everything (of one norm a block), and those of a tensor of the
  // parameter space.
  double Global(const std::vector<double>& squares) const;
  std::vector<double> OfTensor(const std::vector<double>& squares, size_t tensor) const;

 private:
  const CompiledModel* model_;
  size_t norms_;
  OwnedGather gather_;
  std::vector<Range> blocks_of_;  // by tensor
};

}  // namespace lockstep::worker
