// SPDX-License-Identifier: Apache-2.0
// Numbers from the closed forms in schedule.h, computed independently in Python's doubles.
#include "worker/step/schedule.h"

#include <gtest/gtest.h>

namespace lockstep::worker {
namespace {

struct Point {
  int64_t step;
  double rate;
};

void ExpectPoints(const ScheduleConfig& schedule, double lr, std::initializer_list<Point> points) {
  for (const Point& p : points) {
    EXPECT_DOUBLE_EQ(LearningRate(schedule, lr, p.step, 10, 100), p.rate) << "step " << p.step;
  }
}

TEST(LearningRate, ConstantIsTheBaseRateOfEveryStep) {
  ExpectPoints({.name = "constant"}, 0.3, {{0, 0.3}, {1, 0.3}, {99, 0.3}});
}

TEST(LearningRate, WarmUpRisesFromTheFirstStepToTheLastBeforeItsEnd) {
  ExpectPoints({.name = "cosine", .warmup_epochs = 2, .final_lr = 0.001}, 0.1,
               {{0, 0.005}, {1, 0.01}, {18, 0.095}, {19, 0.1}, {20, 0.1}});
}

TEST(LearningRate, WarmUpMayEndWithinAnEpochAndNeverPassesTheBaseRate) {
  // 2.5 steps: the third would be 1.2 of the base rate.
  ExpectPoints({.name = "constant", .warmup_epochs = 0.25}, 0.3,
               {{0, 0.12}, {1, 0.24}, {2, 0.3}, {3, 0.3}, {99, 0.3}});
}

TEST(LearningRate, CosineFallsFromTheEndOfWarmUpToTheFinalRate) {
  ExpectPoints({.name = "cosine", .warmup_epochs = 2, .final_lr = 0.001}, 0.1,
               {{21, 0.09996183729391579}, {60, 0.0505}, {99, 0.0010381627060842165}});
  ExpectPoints({.name = "cosine"}, 0.1,
               {{0, 0.1}, {1, 0.09997532801828658}, {50, 0.05}, {75, 0.014644660940672627}});
  EXPECT_NEAR(LearningRate({.name = "cosine"}, 0.1, 99, 10, 100), 2.467198171342e-05, 1e-17);
}

TEST(LearningRate, StepDropsAtTheFirstStepOfEveryPeriodAfterWarmUp) {
  ExpectPoints(
      {.name = "step", .warmup_epochs = 1, .step_epochs = 2, .gamma = 0.1}, 0.5,
      {{0, 0.05}, {9, 0.5}, {10, 0.5}, {29, 0.5}, {30, 0.05}, {49, 0.05}, {50, 0.005}, {99, 5e-5}});
}

TEST(LearningRate, AWarmUpAsLongAsTheRunLeavesNothingForTheCosine) {
  const ScheduleConfig schedule{.name = "cosine", .warmup_epochs = 10};
  EXPECT_EQ(LearningRate(schedule, 0.1, 99, 10, 100), 0.1);
  EXPECT_EQ(LearningRate(schedule, 0.1, 100, 10, 100), 0.1);
}

}  // namespace
}  // namespace lockstep::worker
