// SPDX-License-Identifier: Apache-2.0
#include "cluster/cli/train_progress.h"

#include <chrono>
#include <sstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace lockstep::cluster {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

worker::StepProgress Step(int64_t step) {
  worker::StepProgress progress;
  progress.epoch = static_cast<int32_t>((step - 1) / 100);
  progress.epochs = 5;
  progress.step_in_epoch = (step - 1) % 100 + 1;
  progress.steps_per_epoch = 100;
  progress.global_step = step;
  progress.total_steps = 500;
  progress.loss = 0.4124;
  progress.learning_rate = 0.0975;
  return progress;
}

class TrainProgressTest : public ::testing::Test {
 protected:
  std::ostringstream out_, err_;
  HeldClock clock_;
  Console console_{out_, err_, true, 80, false, &clock_};
  worker::TrainConfig config_;
};

TEST_F(TrainProgressTest, ATerminalSeesEpochLearningRateAndEvaluation) {
  for (const int columns : {40, 80}) {
    console_.columns = columns;
    err_.str("");
    TrainProgress progress(config_, true, &console_);
    progress.OnStep(Step(99));
    clock_.Advance(1s);
    progress.OnStep(Step(100));
    EXPECT_THAT(err_.str(), HasSubstr("epoch 1/5"));
    EXPECT_THAT(err_.str(), HasSubstr("lr 0.0975"));
    progress.OnEvaluation({0, 5, 0, 0});
    for (int64_t done = 1; done <= 10; ++done) {
      clock_.Advance(9s);
      progress.OnEvaluation({0, 5, done, 40});
    }
    EXPECT_THAT(err_.str(), HasSubstr("evaluation  "));
    EXPECT_THAT(err_.str(), HasSubstr("25%"));
    EXPECT_THAT(err_.str(), HasSubstr("4:30 left"));
    EXPECT_EQ(err_.str().find('\n'), std::string::npos);
  }
}

TEST_F(TrainProgressTest, ALogSeesAnEvaluationThatLasts) {
  console_.terminal = false;
  TrainProgress progress(config_, true, &console_);
  clock_.Advance(60s);
  progress.OnStep(Step(100));
  EXPECT_EQ(err_.str(), "epoch 1/5  step 100/500  loss 0.412  lr 0.0975\n");
  err_.str("");
  progress.OnEvaluation({0, 5, 0, 0});
  for (int64_t done = 1; done <= 3; ++done) {
    clock_.Advance(6s);
    progress.OnEvaluation({0, 5, done, 40});
  }
  EXPECT_EQ(err_.str(), "evaluation   5%  2/40 batches  3:48 left  epoch 1/5\n");
}

TEST_F(TrainProgressTest, TheRatesOfGroupsAreShownBehindTheRate) {
  config_.optimizer.groups = {"fc.*:lr_scale=10", "layer1.*:unfreeze_epoch=2:lr_scale=0.5"};
  worker::StepProgress step = Step(100);
  step.group_rates = {0.975, 0.0};
  console_.columns = 120;
  {
    TrainProgress progress(config_, true, &console_);
    clock_.Advance(60s);
    progress.OnStep(step);
    EXPECT_THAT(err_.str(), HasSubstr("fc.* 0.975, layer1.* 0"));
  }
  err_.str("");
  console_.terminal = false;
  TrainProgress progress(config_, true, &console_);
  progress.OnStep(step);
  EXPECT_EQ(err_.str(),
            "epoch 1/5  step 100/500  loss 0.412  lr 0.0975 (fc.* 0.975, layer1.* 0)\n");
}

TEST_F(TrainProgressTest, WaitingForSamplesIsSaidWhereItIsMoreThanOnePercent) {
  worker::StepProgress step = Step(100);
  step.images_per_second = 1234;
  worker::EpochReport epoch;
  epoch.images_per_second = 1200;
  epoch.seconds = 61;
  for (const double share : {0.0, 0.01, 0.37}) {
    step.input_share = epoch.input_share = share;
    const bool said = share > 0.01;
    const std::string text = said ? "  input 37 %" : "";
    console_.terminal = false;
    err_.str("");
    TrainProgress log(config_, true, &console_);
    log.OnStep(step);
    log.OnEpoch(epoch);
    EXPECT_EQ(err_.str(), "epoch 1/5  step 100/500  loss 0.412  lr 0.0975  1,234 img/s" + text +
                              "\nepoch 1/5  train loss 0.0000  1,200 img/s" + text + "  1:01\n");
    console_.terminal = true;
    console_.columns = 120;
    err_.str("");
    TrainProgress bar(config_, true, &console_);
    bar.OnStep(step);
    EXPECT_EQ(err_.str().find("input 37 %") != std::string::npos, said) << err_.str();
  }
}

TEST_F(TrainProgressTest, WhatATaskAddsUpInTrainingIsShownBesideTheLoss) {
  worker::StepProgress step = Step(100);
  step.metrics = {{.name = "aux", .value = 0.25, .larger_is_better = false, .unit = ""},
                  {.name = "hits", .value = 0.5, .unit = std::string(kFractionUnit)}};
  const std::string texts = MetricTexts(step.metrics);
  step.metrics.push_back({.name = "rests", .unit = ""});  // no value in this step
  worker::EpochReport epoch;
  epoch.images_per_second = 1200;
  epoch.seconds = 61;
  epoch.train_metrics = step.metrics;
  console_.terminal = false;
  TrainProgress log(config_, true, &console_);
  log.OnStep(step);
  log.OnEpoch(epoch);
  EXPECT_EQ(err_.str(), "epoch 1/5  step 100/500  loss 0.412" + texts +
                            "  lr 0.0975\nepoch 1/5  train loss 0.0000  train aux 0.2500"
                            "  train hits 50.00 %  1,200 img/s  1:01\n");
  console_.terminal = true;
  console_.columns = 160;
  err_.str("");
  TrainProgress bar(config_, true, &console_);
  bar.OnStep(step);
  EXPECT_THAT(err_.str(), HasSubstr("hits 50.00 %"));
}

TEST_F(TrainProgressTest, AWarningForRunsThatTrainIsToldOnceAfterTheFirstStep) {
  console_.terminal = false;
  TrainProgress progress(config_, false, &console_, "mpirun kills");
  progress.OnNote("the run is finished");
  EXPECT_THAT(err_.str(), Not(HasSubstr("warning")));
  progress.OnStep(Step(1));
  progress.OnStep(Step(2));
  EXPECT_EQ(err_.str(), "the run is finished\nwarning: mpirun kills\n");
}

TEST(EvaluationsAfter, CountsScheduledOnesAndTheLast) {
  worker::TrainConfig config;
  EXPECT_EQ(EvaluationsAfter(config, Step(1)), 5);
  EXPECT_EQ(EvaluationsAfter(config, Step(100)), 5);  // its own epoch's is to come
  EXPECT_EQ(EvaluationsAfter(config, Step(101)), 4);
  EXPECT_EQ(EvaluationsAfter(config, Step(500)), 1);
  config.eval.every_epochs = 2;
  EXPECT_EQ(EvaluationsAfter(config, Step(1)), 3);  // after 2, 4 and at the end
  EXPECT_EQ(EvaluationsAfter(config, Step(401)), 1);
  worker::StepProgress cut = Step(150);
  cut.total_steps = 250;
  EXPECT_EQ(EvaluationsAfter(config, cut), 2);
  config.data.val = "";
  EXPECT_EQ(EvaluationsAfter(config, Step(1)), 0);
}

}  // namespace
}  // namespace lockstep::cluster
