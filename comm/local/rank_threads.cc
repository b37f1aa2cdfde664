// SPDX-License-Identifier: Apache-2.0
#include "comm/local/rank_threads.h"

#include <memory>
#include <vector>

#include "base/device/queue_stream.h"
#include "base/thread.h"
#include "comm/local/local_world.h"

namespace lockstep::comm {

void RunRanks(int32_t size, const std::function<void(Communicator*, Stream*)>& body) {
  LocalWorld world(size);
  std::vector<std::unique_ptr<Communicator>> ranks;
  for (int32_t r = 0; r < size; ++r) ranks.push_back(world.MakeRank(Rank(r)));
  std::vector<Thread> threads;
  for (int32_t r = 0; r < size; ++r) {
    threads.emplace_back("of a rank", [&body, r, communicator = ranks[r].get()] {
      QueueStream stream("rank " + std::to_string(r));
      body(communicator, &stream);
    });
  }
  for (Thread& thread : threads) thread.Join();
}

}  // namespace lockstep::comm
