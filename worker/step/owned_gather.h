// SPDX-License-Identifier: Apache-2.0
// OwnedGather: every rank has a 64-bit word for each item it owns (a block's hash or norm); after a
// gather every rank has the words of all items. It moves 8 bytes per item.
#pragma once

#include <cstdint>
#include <vector>

#include "base/clock.h"
#include "comm/communicator.h"

namespace lockstep::worker {

class OwnedGather {
 public:
  // `owner[i]`: the rank that owns item i; the same on every rank.
  OwnedGather(comm::Communicator* communicator, std::vector<Rank> owner);

  // In: words of the items this rank owns. Out: all. Blocks; every rank calls it.
  Status Run(std::vector<uint64_t>* words, Stream* stream, Deadline deadline);

 private:
  comm::Communicator* communicator_;
  std::vector<Rank> owner_;
  std::vector<int64_t> count_;  // items by rank
};

}  // namespace lockstep::worker
