// SPDX-License-Identifier: Apache-2.0
// The epoch order against the known answers of an independent program, and its laws (exactly once,
// the row rule) on chosen and on random specs.
#include "storage/order/epoch_order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "base/hash.h"
#include "base/philox.h"

namespace lockstep::storage {
namespace {

using ::testing::HasSubstr;
using Ids = std::vector<uint64_t>;

nlohmann::json KnownAnswers() {
  std::ifstream file(std::string(LOCKSTEP_SOURCE_DIR) +
                     "/storage/order/testdata/known_answers.json");
  CHECK(file.good());
  return nlohmann::json::parse(file);
}

Ids Copy(std::span<const uint64_t> ids) { return Ids(ids.begin(), ids.end()); }

TEST(EpochOrder, IdsOfAListingAreTheKnownAnswers) {
  const auto answer = KnownAnswers()["ids"];
  std::string listing;
  for (const std::string path : answer["listing"]) listing += path + "\n";
  const PhiloxKey key = KeyOf(Hash64(listing));
  const auto n = static_cast<uint32_t>(answer["listing"].size());
  const auto ids = Shuffled(n, [&](uint32_t i, uint32_t attempt) {
    return Philox4x32({i, 0, attempt, 0}, key)[0];
  });
  EXPECT_EQ(ids, answer["listing_index_of_id"].get<std::vector<uint32_t>>());
}

TEST(EpochOrder, IsTheKnownAnswers) {
  const auto orders = KnownAnswers()["orders"];
  ASSERT_EQ(orders.size(), 4u);
  for (const auto& answer : orders) {
    const OrderSpec spec = {answer["samples"], answer["shard"],      answer["window_shards"],
                            answer["lanes"],   answer["lane_batch"], answer["seed"]};
    EpochOrder order(spec, Epoch(answer["epoch"]));
    const int64_t steps = StepsPerEpoch(spec);
    EXPECT_EQ(steps, answer["steps"]);
    std::string joined;
    for (int64_t t = 0; t < steps; ++t) {
      for (int32_t l = 0; l < spec.lanes; ++l) {
        const Ids ids = Copy(order.LaneBatch(Lane(l), t));
        if (t == 0) {
          EXPECT_EQ(ids, answer["first_step"][l].get<Ids>()) << "lane " << l;
        }
        for (const uint64_t id : ids) joined += (joined.empty() ? "" : ",") + std::to_string(id);
      }
    }
    EXPECT_EQ(Hex64(Hash64(joined)), answer["xxh3_64_of_ids_joined_by_commas"].get<std::string>());
  }
}

// Every law of the order for one spec and epoch.
void ExpectLaws(const OrderSpec& spec, Epoch epoch) {
  SCOPED_TRACE(::testing::Message()
               << spec.samples << " samples, shards of " << spec.shard_size << ", windows of "
               << spec.window_shards << ", " << spec.lanes << " lanes of " << spec.lane_batch
               << ", seed " << spec.seed << ", epoch " << epoch);
  EpochOrder order(spec, epoch);
  const int64_t steps = StepsPerEpoch(spec);
  std::vector<int> taken(static_cast<size_t>(spec.samples));
  std::set<int64_t> row_counts;
  int64_t longest = 0;
  for (int32_t l = 0; l < spec.lanes; ++l) {
    int64_t least = spec.samples, most = 0, total = 0;
    for (int64_t t = 0; t < steps; ++t) {
      const auto ids = order.LaneBatch(Lane(l), t);
      const auto rows = static_cast<int64_t>(ids.size());
      EXPECT_EQ(rows, RowsOf(spec, Lane(l), t));
      for (const uint64_t id : ids) {
        ASSERT_LT(id, taken.size());
        ++taken[id];
      }
      if (rows > 0) row_counts.insert(rows);
      least = std::min(least, rows);
      most = std::max(most, rows);
      total += rows;
    }
    EXPECT_LE(most - least, 1) << "lane " << l;
    EXPECT_LE(most, spec.lane_batch);
    EXPECT_EQ(total, LaneRange(spec, Lane(l)).size());
    if (spec.samples >= spec.lanes * steps) {
      EXPECT_GT(least, 0) << "lane " << l;
    }
    longest = std::max(longest, total);
  }
  EXPECT_EQ(steps, (longest + spec.lane_batch - 1) / spec.lane_batch);
  EXPECT_TRUE(std::all_of(taken.begin(), taken.end(), [](int n) { return n == 1; }));
  EXPECT_EQ(RowCounts(spec), std::vector<int64_t>(row_counts.begin(), row_counts.end()));
}

// The runs of a lane's windows hold exactly the ids that the lane takes in those windows.
void ExpectWindowsHoldTheirIds(const OrderSpec& spec, Epoch epoch) {
  EpochOrder order(spec, epoch);
  for (int32_t l = 0; l < spec.lanes; ++l) {
    const Ids& ids = order.LaneIds(Lane(l));
    size_t begin = 0;
    for (int64_t w = 0; w < order.WindowsOf(Lane(l)); ++w) {
      Ids expected;
      for (const IdRun& run : order.WindowRuns(Lane(l), w)) {
        for (int64_t i = 0; i < run.count; ++i) {
          expected.push_back(run.first + static_cast<uint64_t>(i));
        }
      }
      ASSERT_LE(begin + expected.size(), ids.size());
      Ids window(ids.begin() + static_cast<int64_t>(begin),
                 ids.begin() + static_cast<int64_t>(begin + expected.size()));
      begin += expected.size();
      std::sort(window.begin(), window.end());
      std::sort(expected.begin(), expected.end());
      EXPECT_EQ(window, expected) << "lane " << l << " window " << w;
    }
    EXPECT_EQ(begin, ids.size());
  }
}

TEST(EpochOrder, TakesEverySampleOnceByTheRowRule) {
  for (const int64_t samples : {997, 105, 833, 5}) {
    for (const int64_t shard_size : {256, 32, 7}) {
      const OrderSpec spec = {samples, shard_size, 64, 8, 13, 1};
      for (const int epoch : {0, 1, 2}) ExpectLaws(spec, Epoch(epoch));
      ExpectWindowsHoldTheirIds(spec, Epoch(0));
    }
  }
}

TEST(EpochOrder, TakesEverySampleOnceByTheRowRuleInThousandRandomSpecs) {
  const PhiloxKey key = StreamKey(2026, "epoch-order-test");
  for (uint32_t i = 0; i < 1000; ++i) {
    uint32_t draw = 0;
    const auto below = [&](uint32_t n) {
      return static_cast<int64_t>(UniformBelow(n, [&](uint32_t) {
        return Philox4x32({i, draw++, 0, 0}, key)[0];
      }));
    };
    const OrderSpec spec = {
        1 + below(i % 10 == 0 ? 5000 : 600), 1 + below(64), 1 + below(8),
        static_cast<int32_t>(1 + below(24)), 1 + below(40), static_cast<uint64_t>(below(1000))};
    ExpectLaws(spec, Epoch(static_cast<int32_t>(i % 4)));
    ExpectWindowsHoldTheirIds(spec, Epoch(static_cast<int32_t>(i % 4)));
    if (::testing::Test::HasFailure()) return;
  }
}

TEST(EpochOrder, AsksOfALaneGiveTheSameWhateverWasAskedBefore) {
  const OrderSpec spec = {997, 32, 4, 8, 13, 7};
  EpochOrder all(spec, Epoch(2));
  for (int32_t l = 7; l >= 0; --l) all.LaneIds(Lane(l));
  for (int32_t l = 0; l < 8; ++l) {
    EpochOrder one(spec, Epoch(2));
    EXPECT_EQ(one.LaneIds(Lane(l)), all.LaneIds(Lane(l)));
  }
}

TEST(EpochOrder, ChangesWithEpochAndSeed) {
  const OrderSpec spec = {997, 32, 4, 8, 13, 7};
  OrderSpec other = spec;
  other.seed = 8;
  const Ids ids = EpochOrder(spec, Epoch(0)).LaneIds(Lane(0));
  EXPECT_NE(ids, EpochOrder(spec, Epoch(1)).LaneIds(Lane(0)));
  EXPECT_NE(ids, EpochOrder(other, Epoch(0)).LaneIds(Lane(0)));
}

TEST(OrderSpec, SaysWhatIsWrongWithIt) {
  const OrderSpec good = {100, 10, 4, 8, 13, 7};
  EXPECT_TRUE(Validate(good).ok());
  const auto message = [&](auto change) {
    OrderSpec spec = good;
    change(spec);
    const Status status = Validate(spec);
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
    return status.message();
  };
  EXPECT_THAT(message([](auto& s) { s.samples = 0; }), HasSubstr("the number of samples is 0"));
  EXPECT_THAT(message([](auto& s) { s.shard_size = -1; }), HasSubstr("the shard size is -1"));
  EXPECT_THAT(message([](auto& s) { s.lanes = 0; }), HasSubstr("the number of lanes is 0"));
  EXPECT_THAT(message([](auto& s) { s.lane_batch = 0; }), HasSubstr("lane_batch is 0"));
  EXPECT_THAT(message([](auto& s) { s.window_shards = 0; }), HasSubstr("window_shards is 0"));
  EXPECT_THAT(message([](auto& s) { s.window_shards = 1677722; }),
              HasSubstr("at most 1677721 shards of 10 samples"));
  EXPECT_THAT(message([](auto& s) { s.samples = INT64_MAX; }), HasSubstr("at most 2^31"));
}

}  // namespace
}  // namespace lockstep::storage
