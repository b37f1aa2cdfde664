// SPDX-License-Identifier: Apache-2.0
// AllSum: every rank gets the canonical total of the lanes' numbers.
#include "comm/reduce/all_sum.h"

#include <gtest/gtest.h>

#include <bit>
#include <limits>
#include <string>

#include "base/device/queue_stream.h"
#include "comm/local/local_world.h"
#include "comm/local/rank_threads.h"
#include "comm/reduce/canonical_tree.h"
#include "comm/reduce/testing/test_values.h"

namespace lockstep::comm {
namespace {

Deadline Late() { return Deadline::In(std::chrono::seconds(60)); }

SumRow RowOf(int64_t lane) {
  SumRow row{.f64 = TestValues<double>(static_cast<uint64_t>(lane), 3), .i64 = {}};
  row.i64 = {lane, int64_t{1} << 40, -lane * lane};
  return row;
}

TEST(AllSumTest, EveryRankGetsTheCanonicalBitsForAllLanesAndRanks) {
  for (int32_t lanes = 1; lanes <= 12; ++lanes) {
    SumRow expected;
    for (size_t i = 0; i < 3; ++i) {
      std::vector<double> doubles;
      int64_t count = 0;
      for (int64_t l = 0; l < lanes; ++l) {
        doubles.push_back(RowOf(l).f64[i]);
        count += RowOf(l).i64[i];
      }
      expected.f64.push_back(CanonicalSum<double>(doubles));
      expected.i64.push_back(count);
    }
    for (int32_t ranks = 1; ranks <= lanes; ++ranks) {
      RunRanks(ranks, [&](Communicator* c, Stream* stream) {
        std::vector<SumRow> mine;
        const Range range = LanesOfRank(c->rank(), ranks, lanes);
        for (int64_t l = range.begin; l < range.end; ++l) mine.push_back(RowOf(l));
        const Result<SumRow> total = AllSum(c, lanes, mine, stream, Late());
        ASSERT_TRUE(total.ok()) << total.status();
        ASSERT_EQ(total->i64, expected.i64);
        for (size_t i = 0; i < 3; ++i) ASSERT_TRUE(SameBits(total->f64[i], expected.f64[i]));
      });
    }
  }
}

TEST(AllSumTest, ANonFiniteNumberOfOneLaneReachesEveryRank) {
  RunRanks(3, [](Communicator* c, Stream* stream) {
    std::vector<SumRow> mine(static_cast<size_t>(LanesOfRank(c->rank(), 3, 8).size()),
                             SumRow{.f64 = {1.0, 2.0}, .i64 = {1}});
    if (c->rank() == Rank(1)) mine[0].f64[0] = std::numeric_limits<double>::quiet_NaN();
    const Result<SumRow> total = AllSum(c, 8, mine, stream, Late());
    ASSERT_TRUE(total.ok()) << total.status();
    EXPECT_NE(total->f64[0], total->f64[0]);
    EXPECT_EQ(total->f64[1], 16.0);
    EXPECT_EQ(total->i64, (std::vector<int64_t>{8}));
  });
}

TEST(AllSumTest, AMissingRankIsNamed) {
  LocalWorld world(2);
  const auto c = world.MakeRank(Rank(0));
  QueueStream stream;
  const std::vector<SumRow> mine = {RowOf(0)};
  const Result<SumRow> total =
      AllSum(c.get(), 2, mine, &stream, Deadline::In(std::chrono::milliseconds(20)));
  ASSERT_FALSE(total.ok());
  EXPECT_EQ(total.status().code(), StatusCode::kDeadlineExceeded);
  EXPECT_NE(total.status().message().find("for rank 1"), std::string::npos) << total.status();
}

}  // namespace
}  // namespace lockstep::comm
