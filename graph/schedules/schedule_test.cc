// SPDX-License-Identifier: Apache-2.0
// Numbers from the closed forms in the schedules' folders, computed independently in Python's
// doubles.
#include "graph/schedules/schedule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep::graph {
namespace {

using ::testing::HasSubstr;

struct Point {
  int64_t step;
  double rate;
};

LearningRates Rates(const std::string& schedule, const Attrs& options, double lr,
                    double warmup_epochs = 0.0) {
  const Result<LearningRates> rates = LearningRates::Make(
      schedule, options,
      {.lr = lr, .warmup_epochs = warmup_epochs, .steps_per_epoch = 10, .total_steps = 100});
  EXPECT_TRUE(rates.ok()) << rates.status();
  return rates.ok() ? *rates : LearningRates();
}

void ExpectPoints(const LearningRates& rates, std::initializer_list<Point> points) {
  for (const Point& p : points) EXPECT_DOUBLE_EQ(rates.At(p.step), p.rate) << "step " << p.step;
}

TEST(LearningRates, ConstantIsTheBaseRateOfEveryStep) {
  ExpectPoints(Rates("constant", {}, 0.3), {{0, 0.3}, {1, 0.3}, {99, 0.3}});
}

TEST(LearningRates, WarmUpRisesFromTheFirstStepToTheLastBeforeItsEnd) {
  ExpectPoints(Rates("cosine", {{"final_lr", 0.001}}, 0.1, 2),
               {{0, 0.005}, {1, 0.01}, {18, 0.095}, {19, 0.1}, {20, 0.1}});
}

TEST(LearningRates, WarmUpMayEndWithinAnEpochAndNeverPassesTheBaseRate) {
  // 2.5 steps: the third would be 1.2 of the base rate.
  ExpectPoints(Rates("constant", {}, 0.3, 0.25),
               {{0, 0.12}, {1, 0.24}, {2, 0.3}, {3, 0.3}, {99, 0.3}});
}

TEST(LearningRates, CosineFallsFromTheEndOfWarmUpToTheFinalRate) {
  ExpectPoints(Rates("cosine", {{"final_lr", 0.001}}, 0.1, 2),
               {{21, 0.09996183729391579}, {60, 0.0505}, {99, 0.0010381627060842165}});
  ExpectPoints(Rates("cosine", {}, 0.1),
               {{0, 0.1}, {1, 0.09997532801828658}, {50, 0.05}, {75, 0.014644660940672627}});
  EXPECT_NEAR(Rates("cosine", {}, 0.1).At(99), 2.467198171342e-05, 1e-17);
}

// What torch.optim.lr_scheduler.PolynomialLR(total_iters=80) gives.
TEST(LearningRates, PolynomialIsPyTorchsOverTheStepsBehindTheWarmUp) {
  ExpectPoints(
      Rates("polynomial", {}, 0.1, 2),
      {{9, 0.05}, {20, 0.1}, {21, 0.09875}, {60, 0.05}, {99, 0.0012499999999999957}, {100, 0.0}});
  ExpectPoints(Rates("polynomial", {{"power", 0.9}}, 0.1, 2), {{20, 0.1},
                                                               {21, 0.09887429363102976},
                                                               {60, 0.05358867312681467},
                                                               {99, 0.0019373987344354154}});
  ExpectPoints(
      Rates("polynomial", {{"power", 2.5}}, 0.1, 2),
      {{21, 0.09690423574411683}, {60, 0.017677669529663695}, {99, 1.7469281074216961e-06}});
}

TEST(LearningRates, StepDropsAtTheFirstStepOfEveryPeriodAfterWarmUp) {
  ExpectPoints(
      Rates("step", {{"step_epochs", 2.0}, {"gamma", 0.1}}, 0.5, 1),
      {{0, 0.05}, {9, 0.5}, {10, 0.5}, {29, 0.5}, {30, 0.05}, {49, 0.05}, {50, 0.005}, {99, 5e-5}});
}

TEST(LearningRates, AWarmUpAsLongAsTheRunLeavesNothingForTheCosine) {
  const LearningRates rates = Rates("cosine", {}, 0.1, 10);
  EXPECT_EQ(rates.At(99), 0.1);
  EXPECT_EQ(rates.At(100), 0.1);
}

TEST(LearningRates, WhatNoScheduleHasIsRefusedByName) {
  const LearningRates::Run run = {.lr = 0.1};
  EXPECT_THAT(LearningRates::Make("cosin", {}, run).status().message(),
              HasSubstr("schedule.name is 'cosin'; did you mean 'cosine'?"));
  EXPECT_THAT(LearningRates::Make("cosine", {{"gamma", 0.1}}, run).status().message(),
              HasSubstr("schedule 'cosine' has no option 'gamma'; it has final_lr"));
}

TEST(Schedules, EveryFolderIsThereUnderItsName) {
  std::vector<std::string> names;
  for (const auto& [name, schedule] : ScheduleRegistry::Global().schedules()) {
    EXPECT_EQ(name, schedule.name);
    EXPECT_FALSE(schedule.doc.empty()) << name;
    names.push_back(name);
  }
  EXPECT_EQ(names, (std::vector<std::string>{"constant", "cosine", "polynomial", "step"}));
}

}  // namespace
}  // namespace lockstep::graph
