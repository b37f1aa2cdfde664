// SPDX-License-Identifier: Apache-2.0
#include "worker/eval/eval_sums.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep::worker {
namespace {

using ::testing::ElementsAre;

// The results of an evaluation plan that has sums of both types, among others.
graph::Plan MakePlan() {
  graph::Plan plan;
  plan.results = {{.name = "numerator", .type = {DType::kFloat64, {}}},
                  {.name = "denominator", .type = {DType::kFloat64, {}}},
                  {.name = "sum:counts", .type = {DType::kInt64, {2, 2}}},
                  {.name = "sum:errors", .type = {DType::kFloat64, {3}}},
                  {.name = "sum:hits", .type = {DType::kInt64, {}}},
                  {.name = "logits", .type = {DType::kFloat32, {2}}}};
  return plan;
}

TEST(EvalSums, AddsEveryElementAndGivesItBackUnderItsName) {
  const graph::Plan plan = MakePlan();
  const EvalSums sums(&plan);
  comm::SumRow lane = sums.EmptyLane(), counts = sums.EmptyCounts();
  EXPECT_EQ(lane.f64.size(), 2u + 3u);
  EXPECT_EQ(counts.i64.size(), 4u + 1u);
  double numerator = 1.5, denominator = 2.0;
  std::vector<int64_t> pairs = {1, 2, 3, 4};
  std::vector<double> errors = {0.5, 0.25, 0.125};
  int64_t hits = 7;
  float logits[2] = {9.0f, 9.0f};
  const std::vector<void*> results = {&numerator,    &denominator, pairs.data(),
                                      errors.data(), &hits,        logits};
  sums.Add(results, &lane, &counts);
  pairs[3] = 40;
  sums.Add(results, &lane, &counts);
  lane.i64[EvalSums::kRows] = 4;
  EXPECT_EQ(lane.f64[EvalSums::kNumerator], 3.0);
  EXPECT_EQ(lane.f64[EvalSums::kDenominator], 4.0);

  const graph::Gathered gathered = sums.Gather(lane, counts);
  EXPECT_EQ(gathered.samples, 4);
  ASSERT_EQ(gathered.sums.size(), 3u);
  EXPECT_EQ(gathered.sums[0].name, "counts");
  EXPECT_EQ(gathered.sums[0].shape, (Shape{2, 2}));
  EXPECT_THAT(gathered.sums[0].i64, ElementsAre(2, 4, 6, 44));
  EXPECT_EQ(gathered.sums[1].name, "errors");
  EXPECT_THAT(gathered.sums[1].f64, ElementsAre(1.0, 0.5, 0.25));
  EXPECT_TRUE(gathered.sums[1].i64.empty());
  EXPECT_EQ(gathered.sums[2].name, "hits");
  EXPECT_THAT(gathered.sums[2].i64, ElementsAre(14));
  EXPECT_EQ(gathered.Find("hits"), &gathered.sums[2]);
  EXPECT_EQ(gathered.Find("misses"), nullptr);
}

}  // namespace
}  // namespace lockstep::worker
