// SPDX-License-Identifier: Apache-2.0
#include "ops/metric/confusion_matrix/confusion_matrix.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "ops/core/testing/reference_run.h"

namespace lockstep::ops {
namespace {

using ::testing::ElementsAre;

std::vector<int64_t> Counts(const std::vector<float>& logits, const std::vector<int32_t>& labels) {
  const auto rows = static_cast<int64_t>(labels.size());
  ReferenceRun run("confusion_matrix");
  run.In<float>({rows, 3}, logits).In<int32_t>({rows}, labels);
  EXPECT_EQ(run.Run().ToString(), "ok");
  return run.Out<int64_t>(0);
}

TEST(ConfusionMatrix, HasARowALabelAndAColumnAPrediction) {
  EXPECT_THAT(Counts({1, 2, 3, /**/ 3, 2, 1, /**/ 1, 2, 3, /**/ 1, 2, 0}, {0, 0, 0, 2}),
              ElementsAre(1, 0, 2, /**/ 0, 0, 0, /**/ 0, 1, 0));
}

TEST(ConfusionMatrix, OfEqualLogitsTheLowestIndexIsThePrediction) {
  EXPECT_THAT(Counts({1, 5, 5}, {2}), ElementsAre(0, 0, 0, 0, 0, 0, 0, 1, 0));
}

TEST(ConfusionMatrix, ARowOfANaNOrOfNoClassIsCountedNowhere) {
  EXPECT_THAT(Counts({NAN, 1, 2, /**/ 1, 2, 3, /**/ 1, 2, 3}, {0, -1, 3}),
              ElementsAre(0, 0, 0, 0, 0, 0, 0, 0, 0));
}

}  // namespace
}  // namespace lockstep::ops
