// SPDX-License-Identifier: Apache-2.0
#include "comm/local/rank_threads.h"

#include <memory>
#include <thread>
#include <vector>

#include "base/device/queue_stream.h"
#include "comm/local/local_world.h"

namespace lockstep::comm {

void RunRanks(int32_t size, const std::function<void(Communicator*, Stream*)>& body) {
  LocalWorld world(size);
  std::vector<std::unique_ptr<Communicator>> ranks;
  for (int32_t r = 0; r < size; ++r) ranks.push_back(world.MakeRank(Rank(r)));
  std::vector<std::thread> threads;
  for (int32_t r = 0; r < size; ++r) {
    threads.emplace_back([&body, r, communicator = ranks[r].get()] {
      QueueStream stream("rank " + std::to_string(r));
      body(communicator, &stream);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace lockstep::comm
