// SPDX-License-Identifier: Apache-2.0
#include "worker/run/consumption.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "comm/local/rank_threads.h"

namespace lockstep::worker {
namespace {

using Ids = std::vector<uint64_t>;

// A step of one lane that consumes these ids.
storage::StepBatch Batch(const Ids& ids) {
  storage::StepBatch batch;
  batch.lanes.emplace_back();
  for (uint64_t id : ids) batch.lanes[0].ids.emplace_back(id);
  batch.lanes[0].rows = static_cast<int64_t>(ids.size());
  return batch;
}

// Rank r consumes ids[r], three a step; the report, which is the same on every rank. The split is
// the ids 1000 .. 1069.
Consumption::Report Join(const std::vector<Ids>& ids) {
  std::vector<Consumption::Report> reports(ids.size());
  comm::RunRanks(static_cast<int32_t>(ids.size()), [&](comm::Communicator* c, Stream* stream) {
    const auto rank = static_cast<size_t>(c->rank().value);
    Consumption consumption(SampleId(1000), 70);
    for (size_t at = 0; at < ids[rank].size(); at += 3) {
      const auto begin = ids[rank].begin() + static_cast<int64_t>(at);
      const auto left = static_cast<int64_t>(ids[rank].size() - at);
      consumption.Consume(Batch(Ids(begin, begin + std::min<int64_t>(3, left))));
    }
    const auto report = consumption.Finish(c, stream, Deadline::In(std::chrono::seconds(60)));
    ASSERT_TRUE(report.ok()) << report.status();
    reports[rank] = *report;
  });
  for (const Consumption::Report& report : reports) {
    EXPECT_EQ(report.consumed, reports[0].consumed);
    EXPECT_EQ(report.duplicates, reports[0].duplicates);
    EXPECT_EQ(report.complete, reports[0].complete);
  }
  return reports[0];
}

Ids From(uint64_t begin, uint64_t end) {
  Ids ids(end - begin);
  std::iota(ids.begin(), ids.end(), begin);
  return ids;
}

TEST(Consumption, EverySampleOnceIsCompleteForAnyNumberOfRanks) {
  for (const auto& report : {Join({From(1000, 1070)}), Join({From(1000, 1033), From(1033, 1070)}),
                             Join({From(1050, 1070), {}, From(1000, 1050)})}) {
    EXPECT_EQ(report.consumed, 70);
    EXPECT_FALSE(report.duplicates);
    EXPECT_TRUE(report.complete);
  }
}

TEST(Consumption, SeesASampleThatIsMissing) {
  const auto report = Join({From(1000, 1064), From(1065, 1070)});
  EXPECT_EQ(report.consumed, 69);
  EXPECT_FALSE(report.duplicates);
  EXPECT_FALSE(report.complete);
}

TEST(Consumption, SeesASampleConsumedTwiceByOneRankOrByTwo) {
  auto twice = From(1000, 1070);
  twice.push_back(1063);
  for (const auto& report : {Join({twice, {}}), Join({From(1000, 1064), From(1063, 1070)})}) {
    EXPECT_EQ(report.consumed, 71);
    EXPECT_TRUE(report.duplicates);
    EXPECT_TRUE(report.complete);
  }
}

TEST(Consumption, SeesIdsOfAnotherSplitOnEitherSide) {
  for (uint64_t foreign : {uint64_t{999}, uint64_t{1070}, uint64_t{0}}) {
    const auto report = Join({Ids{foreign}, From(1000, 1070)});
    EXPECT_TRUE(report.duplicates) << foreign;
    EXPECT_EQ(report.consumed, 71);
  }
}

TEST(Consumption, StartsAnewAfterAReport) {
  comm::RunRanks(1, [](comm::Communicator* c, Stream* stream) {
    Consumption consumption(SampleId(5), 2);
    const Deadline deadline = Deadline::In(std::chrono::seconds(60));
    for (int epoch = 0; epoch < 2; ++epoch) {
      consumption.Consume(Batch({5, 6}));
      const auto report = consumption.Finish(c, stream, deadline);
      ASSERT_TRUE(report.ok());
      EXPECT_TRUE(report->complete);
      EXPECT_FALSE(report->duplicates);
      EXPECT_EQ(report->consumed, 2);
    }
    const auto none = consumption.Finish(c, stream, deadline);
    EXPECT_FALSE(none->complete);
  });
}

}  // namespace
}  // namespace lockstep::worker
