// SPDX-License-Identifier: Apache-2.0
#include "ops/loss/top1/top1.h"

#include <gtest/gtest.h>

#include <cmath>

#include "ops/core/testing/reference_run.h"

namespace lockstep::ops {
namespace {

int64_t Correct(const std::vector<float>& logits, int32_t label) {
  ReferenceRun run("top1_correct");
  run.In<float>({1, static_cast<int64_t>(logits.size())}, logits).In<int32_t>({1}, {label});
  EXPECT_EQ(run.Run().ToString(), "ok");
  return run.Out<int64_t>(0)[0];
}

TEST(Top1, OfEqualLogitsTheLowestIndexIsThePrediction) {
  EXPECT_EQ(Correct({1, 5, 5}, 1), 1);
  EXPECT_EQ(Correct({1, 5, 5}, 2), 0);
}

TEST(Top1, NaNIsNeverCorrect) {
  for (int32_t label = 0; label < 3; ++label) {
    EXPECT_EQ(Correct({NAN, 1, 2}, label), 0);
    EXPECT_EQ(Correct({1, 2, NAN}, label), 0);
    EXPECT_EQ(Correct({NAN, NAN, NAN}, label), 0);
  }
}

TEST(Top1, ALabelThatDoesNotExistIsNotCorrect) {
  EXPECT_EQ(Correct({1, 2, 3}, -1), 0);
  EXPECT_EQ(Correct({1, 2, 3}, 3), 0);
}

}  // namespace
}  // namespace lockstep::ops
