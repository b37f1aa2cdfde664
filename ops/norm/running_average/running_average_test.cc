// SPDX-License-Identifier: Apache-2.0
#include "ops/norm/running_average/running_average.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "ops/core/testing/reference_run.h"

namespace lockstep::ops {
namespace {

using ::testing::ElementsAre;

std::vector<float> Average(double momentum, const std::vector<float>& running,
                           const std::vector<double>& total, double count) {
  ReferenceRun run("running_average", Pack(RunningAverageAttrs{momentum}));
  const Shape shape{static_cast<int64_t>(running.size())};
  run.In<float>(shape, running).In<double>(shape, total).In<double>({}, {count});
  EXPECT_EQ(run.Run().ToString(), "ok");
  return run.Out<float>(0);
}

TEST(RunningAverage, DividesTheTotalInDoubleAndRoundsOnce) {
  // The total is no float: rounded first, it would be 2^26 and its fifth another float.
  const double total = 67108868.0;
  const float once = static_cast<float>(total / 5.0);
  ASSERT_NE(once, static_cast<float>(total) / 5.0f);
  EXPECT_THAT(Average(1.0, {5.0f}, {total}, 5.0), ElementsAre(once));
}

TEST(RunningAverage, TakesAsMuchAsMomentumSays) {
  EXPECT_THAT(Average(0.25, {8, -4}, {8, 16}, 4), ElementsAre(6.5f, -2.0f));
}

TEST(RunningAverage, WithoutElementsIsWhatItWas) {
  for (double momentum : {0.1, 1.0}) {
    EXPECT_THAT(Average(momentum, {3, -0.5f}, {0, NAN}, 0), ElementsAre(3.0f, -0.5f));
  }
}

}  // namespace
}  // namespace lockstep::ops
