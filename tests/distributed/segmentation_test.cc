// SPDX-License-Identifier: Apache-2.0
// Segmentation of photographs of many sizes, image and mask augmented together: the digests do not
// depend on ranks or on a stop, and what does not fit is refused before the first step.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/loader/testing/photo_dataset.h"
#include "tests/distributed/small_runs.h"

namespace lockstep::tests {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using worker::TrainConfig;

class SegmentationTest : public testing::Test {
 protected:
  // Five lanes of two samples, three epochs, everything drawn anew in each. Masks have three
  // classes, and their first row is to be ignored.
  TrainConfig Config(const std::string& run) const {
    TrainConfig config = SmallConfig(dataset_.directory(), folder_ / run, "unet", 5, 2);
    config.task = "segmentation";
    config.model.options = {{"width", int64_t{4}}, {"depth", int64_t{2}}};
    config.loss.name = "pixel-cross-entropy";
    config.loss.options = {};
    config.epochs = 3;
    config.augment_train = {"random-resized-crop:8:scale=0.3,1", "hflip", "rotate:20", "normalise"};
    config.augment_val = {"resize:9", "center-crop:8", "normalise"};
    return config;
  }

  TestFolder folder_;
  storage::PhotoDataset dataset_{"segmentation"};
};

TEST_F(SegmentationTest, DigestsAreEqualForAnyRanksAndSampleThreads) {
  worker::TrainSummary summary;
  const std::vector<std::string> one = RunDigests(Config("one"), folder_ / "one", &summary);
  EXPECT_EQ(one.size(), 7u) << "a heading and six steps";
  for (const int32_t ranks : {2, 3, 5}) {
    TrainConfig config = Config("ranks" + std::to_string(ranks));
    config.run.ranks = ranks;
    config.run.sample_threads = ranks - 1;
    EXPECT_EQ(RunDigests(config, config.run.directory), one) << ranks << " ranks";
  }
}

// Asks for a stop once a step is done.
class StopAt : public worker::TrainObserver {
 public:
  explicit StopAt(int64_t step) : step_(step) {}
  void OnPlan(const worker::MemoryReport&) override {}
  void OnNote(const std::string&) override {}
  void OnStep(const worker::StepProgress& progress) override {
    if (progress.global_step == step_) stop.store(true);
  }
  void OnEpoch(const worker::EpochReport&) override {}

  std::atomic<bool> stop{false};

 private:
  const int64_t step_;
};

TEST_F(SegmentationTest, AStopLeavesNoTrace) {
  const std::vector<std::string> whole = RunDigests(Config("whole"), folder_ / "whole");
  TrainConfig config = Config("stopped");
  config.run.ranks = 2;
  StopAt observer(3);
  const auto stopped = Train(config, &observer, &observer.stop);
  EXPECT_EQ(stopped.status().code(), StatusCode::kCancelled) << stopped.status();
  config.run.ranks = 3;
  ASSERT_TRUE(Train(config).ok());
  EXPECT_EQ(DigestLines(config.run.directory), whole);
}

TEST_F(SegmentationTest, WhatDoesNotFitIsRefusedBeforeTheFirstStep) {
  TrainConfig config = Config("classes");
  config.model.classes = 2;
  EXPECT_THAT(Train(config).status().message(),
              AllOf(HasSubstr("model.classes is 2"), HasSubstr("3 classes")));
  config = Config("bits");
  config.model.classes = 256;
  EXPECT_THAT(
      Train(config).status().message(),
      AllOf(HasSubstr("256 classes"), HasSubstr("have 8 bits"), HasSubstr("PNG masks of 16 bits")));
  config = Config("loss");
  config.loss.name = "cross-entropy";
  EXPECT_THAT(Train(config).status().message(), HasSubstr("losses that fit: 'dice', 'focal'"));
  config = Config("sides");
  config.augment_train = {"random-resized-crop:10:scale=0.3,1", "normalise"};
  EXPECT_THAT(Train(config).status().message(),
              AllOf(HasSubstr("10,10,3"), HasSubstr("divisible by 4")));
}

}  // namespace
}  // namespace lockstep::tests
