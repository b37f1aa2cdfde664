// SPDX-License-Identifier: Apache-2.0
#include "worker/eval/sample_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "comm/local/rank_threads.h"

namespace lockstep::worker {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Writes what it is told to keep, in its own words.
class Keeps : public graph::Task {
 public:
  std::string_view name() const override { return "keeps"; }
  Result<std::vector<InputSpec>> Inputs(const Schema&) const override {
    return std::vector<InputSpec>();
  }
  void Train(size_t, graph::TaskBuilder&) const override {}
  void Eval(graph::TaskBuilder&) const override {}
  std::vector<Metric> metrics() const override { return {}; }
  Result<std::vector<Metric>> Measure(const graph::Gathered&) const override { return metrics(); }
  std::string_view primary() const override { return ""; }
};

// A value of two numbers, and one of up to three entries of two bytes with a count.
graph::Plan MakePlan() {
  graph::Plan plan;
  plan.results = {{.name = "numerator", .type = {DType::kFloat64, {}}},
                  {.name = "row:pair", .type = {DType::kFloat32, {2, 2}}},
                  {.name = "row:list", .type = {DType::kUInt8, {2, 3, 2}}},
                  {.name = "row_count:list", .type = {DType::kInt32, {2}}}};
  return plan;
}

struct Batch {
  Batch() {
    lane.rows = 2;
    lane.ids = {SampleId(7), SampleId(8)};
  }
  std::vector<void*> results() { return {&numerator, pair, list, counts}; }

  storage::LaneBatch lane;
  double numerator = 0.0;
  float pair[4] = {1.0f, 2.0f, 3.0f, 4.0f};
  uint8_t list[12] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  int32_t counts[2] = {0, 2};
};

TEST(SampleRows, KeepTheValuesOfEachSampleAndTheEntriesThatCount) {
  const graph::Plan plan = MakePlan();
  const SampleRows rows(&plan);
  EXPECT_FALSE(rows.empty());
  Batch batch;
  std::vector<graph::SampleRow> kept;
  const Status status = rows.Append(Keeps(), batch.lane, batch.results(), /*most=*/22, &kept);
  ASSERT_TRUE(status.ok()) << status;
  ASSERT_EQ(kept.size(), 2u);
  EXPECT_EQ(kept[0].id, SampleId(7));
  EXPECT_EQ(kept[0].bytes.size(), 2u * 4 + 8);
  ASSERT_EQ(kept[1].bytes.size(), 2u * 4 + 8 + 2 * 2);
  EXPECT_EQ(kept[1].bytes.substr(0, 8), std::string("\0\0\x40\x40\0\0\x80\x40", 8)) << "3 and 4";
  EXPECT_EQ(kept[1].bytes.substr(8), std::string("\2\0\0\0\0\0\0\0\7\10\11\12", 12));
}

TEST(SampleRows, ACountThatIsNoneAndATaskThatWritesTooMuchAreFailures) {
  const graph::Plan plan = MakePlan();
  const SampleRows rows(&plan);
  Batch batch;
  std::vector<graph::SampleRow> kept;
  EXPECT_THAT(rows.Append(Keeps(), batch.lane, batch.results(), 15, &kept).message(),
              HasSubstr("writes 16 bytes of a sample and says that 15 are the most"));
  batch.counts[1] = 4;
  EXPECT_THAT(rows.Append(Keeps(), batch.lane, batch.results(), 22, &kept).message(),
              HasSubstr("counts 4 entries of 'list', which has 3"));
  batch.counts[0] = -1;
  EXPECT_THAT(rows.Append(Keeps(), batch.lane, batch.results(), 22, &kept).message(),
              HasSubstr("counts -1 entries of 'list'"));
}

TEST(GatherRows, RankZeroHasAllOfThemByIdAndTheOthersNone) {
  for (const int32_t ranks : {1, 2, 3}) {
    comm::RunRanks(ranks, [&](comm::Communicator* c, Stream* stream) {
      // Ids 0 to 5, dealt out backwards; the row of id n has n bytes. Rank 1 has none where it can.
      std::vector<graph::SampleRow> mine;
      for (int32_t id = 5; id >= 0; --id) {
        int32_t owner = id % ranks;
        if (owner == 1) owner = ranks - 1;
        if (owner != c->rank().value) continue;
        mine.push_back({SampleId(static_cast<uint64_t>(id)),
                        std::string(static_cast<size_t>(id), static_cast<char>('a' + id))});
      }
      const auto rows = GatherRows(c, mine, stream, Deadline::In(std::chrono::minutes(1)));
      ASSERT_TRUE(rows.ok()) << rows.status();
      if (c->rank() != Rank(0)) {
        EXPECT_TRUE(rows->empty());
        return;
      }
      EXPECT_THAT(
          *rows, ElementsAre(
                     graph::SampleRow{SampleId(0), ""}, graph::SampleRow{SampleId(1), "b"},
                     graph::SampleRow{SampleId(2), "cc"}, graph::SampleRow{SampleId(3), "ddd"},
                     graph::SampleRow{SampleId(4), "eeee"}, graph::SampleRow{SampleId(5), "fffff"}))
          << ranks << " ranks";
    });
  }
}

TEST(GatherRows, TwoRowsOfOneSampleAreAFailure) {
  comm::RunRanks(1, [&](comm::Communicator* c, Stream* stream) {
    const std::vector<graph::SampleRow> mine = {{SampleId(3), "a"}, {SampleId(3), "b"}};
    const Status twice =
        GatherRows(c, mine, stream, Deadline::In(std::chrono::minutes(1))).status();
    EXPECT_EQ(twice.code(), StatusCode::kInternal);
    EXPECT_THAT(twice.message(), HasSubstr("an evaluation has two rows of the sample 3"));
  });
}

}  // namespace
}  // namespace lockstep::worker
