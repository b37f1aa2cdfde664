// SPDX-License-Identifier: Apache-2.0
#include "ops/metric/top_k_correct/top_k_correct.h"

#include <gtest/gtest.h>

#include <cmath>

#include "ops/core/testing/reference_run.h"

namespace lockstep::ops {
namespace {

int64_t Correct(const std::vector<float>& logits, int32_t label, int64_t k) {
  ReferenceRun run("top_k_correct", Pack(TopKAttrs{k}));
  run.In<float>({1, static_cast<int64_t>(logits.size())}, logits).In<int32_t>({1}, {label});
  EXPECT_EQ(run.Run().ToString(), "ok");
  return run.Out<int64_t>(0)[0];
}

TEST(TopK, CountsALabelAmongTheKLargest) {
  const std::vector<float> logits = {5, 1, 4, 2, 3};
  for (int64_t k = 1; k <= 5; ++k) {
    int64_t sum = 0;
    for (int32_t label = 0; label < 5; ++label) sum += Correct(logits, label, k);
    EXPECT_EQ(sum, k);
  }
  EXPECT_EQ(Correct(logits, 2, 2), 1);
  EXPECT_EQ(Correct(logits, 4, 2), 0);
}

TEST(TopK, OfEqualLogitsTheLowerIndexCountsAsTheLarger) {
  const std::vector<float> logits = {1, 7, 7, 7};
  EXPECT_EQ(Correct(logits, 1, 2), 1);
  EXPECT_EQ(Correct(logits, 2, 2), 1);
  EXPECT_EQ(Correct(logits, 3, 2), 0);
  EXPECT_EQ(Correct(logits, 3, 3), 1);
}

TEST(TopK, WithKClassesOrFewerEveryRowCounts) {
  for (int32_t label = 0; label < 5; ++label) EXPECT_EQ(Correct({3, 3, 3, 3, 3}, label, 5), 1);
  EXPECT_EQ(Correct({0, -9}, 1, 5), 1);
}

TEST(TopK, NaNIsNeverCorrectNorIsALabelThatDoesNotExist) {
  EXPECT_EQ(Correct({NAN, 1, 2}, 2, 3), 0);
  EXPECT_EQ(Correct({1, 2, NAN}, 1, 3), 0);
  EXPECT_EQ(Correct({1, 2, 3}, -1, 3), 0);
  EXPECT_EQ(Correct({1, 2, 3}, 3, 3), 0);
}

TEST(TopK, RefusesAKBelowOne) {
  ReferenceRun run("top_k_correct", Pack(TopKAttrs{0}));
  run.In<float>({1, 2}, {1, 2}).In<int32_t>({1}, {0});
  EXPECT_NE(run.Run().message().find("k is 0; expected at least 1"), std::string::npos);
}

}  // namespace
}  // namespace lockstep::ops
