// SPDX-License-Identifier: Apache-2.0
// Reduce and Gather over ranks as threads: totals have the bits of the canonical sum for every
// number of lanes and ranks.
#include "comm/reduce/block_exchange.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <string>

#include "comm/local/rank_threads.h"
#include "comm/reduce/testing/test_values.h"

namespace lockstep::comm {
namespace {

Deadline Late() { return Deadline::In(std::chrono::seconds(120)); }

std::vector<BlockSpan> Blocks(const std::vector<int64_t>& lengths, int64_t gap_before_last = 0) {
  std::vector<BlockSpan> blocks;
  int64_t offset = 0;
  for (size_t i = 0; i < lengths.size(); ++i) {
    if (i + 1 == lengths.size()) offset += gap_before_last;
    blocks.push_back({offset, lengths[i]});
    offset += lengths[i];
  }
  return blocks;
}

int64_t EndOf(const std::vector<BlockSpan>& blocks) {
  return blocks.back().offset + blocks.back().length;
}

// The lanes' gradients of one case, and what must come out.
template <typename T>
struct Case {
  int32_t lanes = 0;
  std::vector<BlockSpan> blocks;
  std::vector<std::vector<T>> gradients;  // of each lane, an arena
  std::vector<T> total;

  Case(int32_t v, std::vector<BlockSpan> b) : lanes(v), blocks(std::move(b)) {
    const int64_t n = EndOf(blocks);
    for (int32_t l = 0; l < lanes; ++l) {
      gradients.push_back(TestValues<T>(static_cast<uint64_t>(1000 + l), n));
    }
    total = SumOver({0, lanes});
  }

  std::vector<T> SumOver(Range range) const {
    std::vector<T> sum;
    std::vector<T> terms(static_cast<size_t>(range.size()));
    for (int64_t i = 0; i < EndOf(blocks); ++i) {
      for (size_t l = 0; l < terms.size(); ++l) terms[l] = gradients[range.begin + l][i];
      sum.push_back(CanonicalSum<T>(terms));
    }
    return sum;
  }
};

template <typename T>
bool SameBytes(const T* a, const T* b, int64_t n) {
  return std::equal(a, a + n, b, [](T x, T y) { return SameBits(x, y); });
}

// All buckets reduced, then gathered, on one rank. Untouched elements of `sums` stay `kUntouched`.
template <typename T>
void ReduceAndGather(const Case<T>& test, int64_t bucket_bytes, Communicator* c, Stream* stream) {
  const T kUntouched = std::numeric_limits<T>::infinity();
  BlockExchange exchange(c, {.lanes = test.lanes,
                             .dtype = kDTypeOf<T>,
                             .blocks = test.blocks,
                             .bucket_bytes = bucket_bytes});
  std::vector<std::vector<T>> arenas;
  std::vector<const void*> pointers;
  for (const Range& subtree : exchange.subtrees()) arenas.push_back(test.SumOver(subtree));
  for (const auto& arena : arenas) pointers.push_back(arena.data());
  const auto before = arenas;
  std::vector<T> sums(test.total.size(), kUntouched);
  for (int64_t b = 0; b < exchange.buckets(); ++b) {
    exchange.Reduce(b, pointers, sums.data(), stream, Late());
  }
  const EventPtr reduced = c->Barrier(stream, Late());
  ASSERT_TRUE(reduced->Wait(Late()).ok()) << reduced->Wait(Late());
  EXPECT_TRUE(arenas == before) << "subtree sums were written to";
  const std::vector<int64_t> owned = exchange.OwnedBlocks();
  for (size_t b = 0; b < test.blocks.size(); ++b) {
    const BlockSpan block = test.blocks[b];
    const bool mine = std::count(owned.begin(), owned.end(), b) == 1;
    ASSERT_EQ(mine, exchange.OwnerOf(static_cast<int64_t>(b)) == c->rank());
    const std::vector<T> untouched(static_cast<size_t>(block.length), kUntouched);
    const T* expected = mine ? &test.total[block.offset] : untouched.data();
    ASSERT_TRUE(SameBytes(&sums[block.offset], expected, block.length)) << "block " << b;
  }
  EventPtr gathered;
  for (int64_t b = 0; b < exchange.buckets(); ++b) {
    gathered = exchange.Gather(b, sums.data(), stream, Late());
  }
  ASSERT_TRUE(gathered->Wait(Late()).ok()) << gathered->Wait(Late());
  for (const BlockSpan& block : test.blocks) {
    ASSERT_TRUE(SameBytes(&sums[block.offset], &test.total[block.offset], block.length));
  }
}

template <typename T>
void ExpectTotalsForAllRanks(const Case<T>& test, int64_t bucket_bytes) {
  for (int32_t ranks = 1; ranks <= test.lanes; ++ranks) {
    SCOPED_TRACE(std::to_string(test.lanes) + " lanes, " + std::to_string(ranks) + " ranks");
    RunRanks(ranks, [&](Communicator* c, Stream* stream) {
      ReduceAndGather(test, bucket_bytes, c, stream);
    });
    if (::testing::Test::HasFatalFailure()) return;
  }
}

// Few blocks, so that most world sizes have ranks that own nothing; two buckets.
TEST(BlockExchangeTest, TotalsHaveTheCanonicalBitsForAllLanesAndRanksUpToTwelve) {
  for (int32_t lanes = 1; lanes <= 12; ++lanes) {
    ExpectTotalsForAllRanks(Case<float>(lanes, Blocks({128, 640, 128, 256})), 4 * 900);
  }
}

TEST(BlockExchangeTest, DoublesToo) {
  for (const int32_t lanes : {1, 5, 7}) {
    ExpectTotalsForAllRanks(Case<double>(lanes, Blocks({256, 128, 1152})), 8 * 400);
  }
}

TEST(BlockExchangeTest, BlocksOfVeryUnevenSizesInSeveralBuckets) {
  const auto blocks = Blocks({128, 65536, 65536, 384, 128, 20480, 128, 128, 65536, 1280});
  for (const int64_t bucket_bytes : {int64_t{1}, int64_t{400000}, int64_t{32} << 20}) {
    ExpectTotalsForAllRanks(Case<float>(3, blocks), bucket_bytes);
  }
}

TEST(BlockExchangeTest, BlocksNeedNotBeAdjacent) {
  ExpectTotalsForAllRanks(Case<float>(5, Blocks({128, 128, 128, 2048, 256}, 384)), 1 << 20);
}

TEST(BlockExchangeTest, MoreRanksThanBlocks) {
  ExpectTotalsForAllRanks(Case<float>(12, Blocks({1152})), 1 << 20);
}

TEST(BlockExchangeTest, SumsMayBeASubtreeArena) {
  const Case<float> test(8, Blocks({1152, 128, 2048, 128}));
  for (int32_t ranks = 1; ranks <= 8; ++ranks) {
    RunRanks(ranks, [&](Communicator* c, Stream* stream) {
      BlockExchange exchange(c, {.lanes = 8, .blocks = test.blocks});
      std::vector<std::vector<float>> arenas;
      std::vector<const void*> pointers;
      for (const Range& subtree : exchange.subtrees()) arenas.push_back(test.SumOver(subtree));
      for (const auto& arena : arenas) pointers.push_back(arena.data());
      float* const sums = arenas.back().data();
      ASSERT_TRUE(exchange.Reduce(0, pointers, sums, stream, Late())->Wait(Late()).ok());
      for (const int64_t b : exchange.OwnedBlocks()) {
        const BlockSpan block = test.blocks[b];
        ASSERT_TRUE(SameBytes(sums + block.offset, &test.total[block.offset], block.length));
      }
    });
  }
}

TEST(BlockExchangeTest, OwnershipIsBalancedAndEqualOnAllRanks) {
  std::vector<int64_t> lengths(100, 1024);
  const auto blocks = Blocks(lengths);
  std::vector<std::vector<Rank>> owners(7);
  RunRanks(7, [&](Communicator* c, Stream*) {
    BlockExchange exchange(c, {.lanes = 7, .blocks = blocks, .bucket_bytes = 50 * 4096});
    EXPECT_EQ(exchange.buckets(), 2);
    EXPECT_EQ(exchange.BlocksOf(0), (Range{0, 50}));
    EXPECT_EQ(exchange.BlocksOf(1), (Range{50, 100}));
    const auto owned = static_cast<int64_t>(exchange.OwnedBlocks().size());
    EXPECT_GE(owned, 14);  // 100 / 7, at most one off in each of the two buckets
    EXPECT_LE(owned, 16);
    // Received: the 6 slots of the others for at most 8 blocks of one bucket.
    EXPECT_GT(exchange.scratch_bytes(), 0);
    EXPECT_LE(exchange.scratch_bytes(), 6 * 8 * 4096);
    for (int64_t b = 0; b < 100; ++b) owners[c->rank().value].push_back(exchange.OwnerOf(b));
  });
  for (int r = 0; r < 7; ++r) {
    EXPECT_EQ(owners[r], owners[0]);
    EXPECT_TRUE(std::is_sorted(owners[r].begin(), owners[r].begin() + 50));
    EXPECT_TRUE(std::is_sorted(owners[r].begin() + 50, owners[r].end()));
  }
}

TEST(BlockExchangeTest, OneRankNeedsNoScratch) {
  RunRanks(1, [](Communicator* c, Stream*) {
    EXPECT_EQ(BlockExchange(c, {.lanes = 12, .blocks = Blocks({4096})}).scratch_bytes(), 0);
  });
}

TEST(BlockExchangeTest, APeerThatDoesNotComeIsNamedAndTheSumsAreNotWritten) {
  RunRanks(2, [](Communicator* c, Stream* stream) {
    if (c->rank() == Rank(1)) return;
    BlockExchange exchange(c, {.lanes = 2, .blocks = Blocks({128, 128})});
    const std::vector<float> arena(256, 1.0f);
    std::vector<float> sums(256, -1.0f);
    const void* const arenas[] = {arena.data()};
    const Status status =
        exchange
            .Reduce(0, arenas, sums.data(), stream, Deadline::In(std::chrono::milliseconds(20)))
            ->Wait(Late());
    EXPECT_EQ(status.code(), StatusCode::kDeadlineExceeded);
    EXPECT_THAT(status.message(), ::testing::HasSubstr("rank 1"));
    EXPECT_EQ(sums, std::vector<float>(256, -1.0f));
  });
}

TEST(BlockExchangeTest, RanksThatDisagreeAboutBlocksFail) {
  RunRanks(2, [](Communicator* c, Stream* stream) {
    const int64_t length = c->rank() == Rank(0) ? 128 : 256;
    BlockExchange exchange(c, {.lanes = 2, .blocks = Blocks({length, length})});
    std::vector<float> arena(512);
    const void* const arenas[] = {arena.data()};
    const Status status = exchange.Reduce(0, arenas, arena.data(), stream, Late())->Wait(Late());
    EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
    EXPECT_THAT(status.message(), ::testing::HasSubstr("512"));
    EXPECT_THAT(status.message(), ::testing::HasSubstr("1024"));
  });
}

}  // namespace
}  // namespace lockstep::comm
