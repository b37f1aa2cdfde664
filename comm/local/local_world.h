// SPDX-License-Identifier: Apache-2.0
// LocalWorld: ranks as threads of one process (`train --ranks W`, and most tests). Messages are
// copied once, straight from the sender's memory to the receiver's; nothing is allocated for data.
//
//   LocalWorld world(2);
//   std::thread t([c = world.MakeRank(Rank(1))] { ... });
//
// A failure on one rank (deadline, size mismatch, Abort) fails the whole world at once: every
// rank's pending and later operations end with that first failure.
#pragma once

#include <memory>
#include <vector>

#include "base/ids.h"
#include "comm/communicator.h"

namespace lockstep::comm {

class Mailboxes;

class LocalWorld {
 public:
  explicit LocalWorld(int32_t size);
  ~LocalWorld();

  // Makes the communicator of one rank, once for each rank. It may outlive the world, and work it
  // has enqueued may outlive it.
  std::unique_ptr<Communicator> MakeRank(Rank rank);
  int32_t size() const { return static_cast<int32_t>(made_.size()); }

 private:
  std::shared_ptr<Mailboxes> mailboxes_;
  std::vector<bool> made_;
};

}  // namespace lockstep::comm
