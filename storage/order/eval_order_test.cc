// SPDX-License-Identifier: Apache-2.0
#include "storage/order/eval_order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "base/philox.h"

namespace lockstep::storage {
namespace {

// Batches joined over lanes are 0 .. N-1 in order; every batch but a lane's last is full.
void ExpectLaws(const EvalSpec& spec) {
  SCOPED_TRACE(::testing::Message()
               << spec.samples << " samples, " << spec.lanes << " lanes of " << spec.eval_batch);
  int64_t next = 0;
  std::set<int64_t> row_counts;
  for (int32_t l = 0; l < spec.lanes; ++l) {
    EXPECT_EQ(LaneRange(spec, Lane(l)).begin, next);
    const int64_t batches = BatchesOf(spec, Lane(l));
    for (int64_t i = 0; i < batches; ++i) {
      const Range batch = BatchRange(spec, Lane(l), i);
      EXPECT_EQ(batch.begin, next);
      EXPECT_GT(batch.size(), 0);
      if (i + 1 < batches) {
        EXPECT_EQ(batch.size(), spec.eval_batch);
      }
      EXPECT_LE(batch.size(), spec.eval_batch);
      row_counts.insert(batch.size());
      next = batch.end;
    }
    EXPECT_EQ(LaneRange(spec, Lane(l)).end, next);
  }
  EXPECT_EQ(next, spec.samples);
  EXPECT_EQ(RowCounts(spec), std::vector<int64_t>(row_counts.begin(), row_counts.end()));
}

TEST(EvalOrder, TakesEverySampleOnceInOrder) {
  for (const int64_t samples : {997, 105, 833, 5, 10000}) ExpectLaws({samples, 8, 13});
  const PhiloxKey key = StreamKey(2026, "eval-order-test");
  for (uint32_t i = 0; i < 1000; ++i) {
    const PhiloxCounter words = Philox4x32({i, 0, 0, 0}, key);
    ExpectLaws({1 + words[0] % 900, static_cast<int32_t>(1 + words[1] % 20), 1 + words[2] % 70});
    if (::testing::Test::HasFailure()) return;
  }
}

TEST(EvalSpec, SaysWhatIsWrongWithIt) {
  EXPECT_THAT(Validate(EvalSpec{100, 8, 0}).message(), ::testing::HasSubstr("eval.batch is 0"));
  EXPECT_THAT(Validate(EvalSpec{0, 8, 1}).message(), ::testing::HasSubstr("samples is 0"));
  EXPECT_THAT(Validate(EvalSpec{100, 0, 1}).message(), ::testing::HasSubstr("lanes is 0"));
}

}  // namespace
}  // namespace lockstep::storage
