// SPDX-License-Identifier: Apache-2.0
#include "worker/step/owned_gather.h"

#include <gtest/gtest.h>

#include "comm/local/rank_threads.h"

namespace lockstep::worker {
namespace {

// Gathers i * 11 of item i from its owner, twice; others' words go in as junk.
void ExpectGathered(int32_t ranks, const std::vector<int32_t>& owner) {
  std::vector<Rank> owners;
  for (int32_t r : owner) owners.emplace_back(r);
  comm::RunRanks(ranks, [&](comm::Communicator* c, Stream* stream) {
    OwnedGather gather(c, owners);
    for (uint64_t factor : {11, 13}) {
      std::vector<uint64_t> words, expected;
      for (size_t i = 0; i < owners.size(); ++i) {
        expected.push_back(i * factor);
        words.push_back(owners[i] == c->rank() ? i * factor : 999999);
      }
      const Status status = gather.Run(&words, stream, Deadline::In(std::chrono::seconds(60)));
      ASSERT_TRUE(status.ok()) << status;
      EXPECT_EQ(words, expected) << "rank " << c->rank() << " of " << ranks;
    }
  });
}

TEST(OwnedGather, EveryRankGetsEveryWordInItsPlace) {
  ExpectGathered(1, {0, 0, 0});
  ExpectGathered(2, {0, 1, 0, 1, 1});
  ExpectGathered(3, {2, 2, 0, 1, 0, 2});
}

TEST(OwnedGather, RanksThatOwnNothingTakePart) {
  ExpectGathered(3, {1, 1});
  ExpectGathered(4, {3});
  ExpectGathered(2, {});
}

}  // namespace
}  // namespace lockstep::worker
