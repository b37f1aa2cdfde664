// SPDX-License-Identifier: Apache-2.0
// Runs on encoded photographs of many sizes: the digests do not depend on ranks, on sample threads
// or on a stop, and what cannot become one size is refused before the first step.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "graph/tasks/registry.h"
#include "storage/checkpoint/safetensors.h"
#include "storage/loader/testing/photo_dataset.h"
#include "tests/distributed/small_runs.h"

namespace lockstep::tests {
namespace {

using ops::Value;
using worker::TrainConfig;

// Classification that reads the masks too: they are bound to every plan, by name and type.
class WithMasks : public graph::Task {
 public:
  std::string_view name() const override { return "with-masks"; }
  Result<std::vector<InputSpec>> Inputs(const Schema& schema) const override {
    ASSIGN_OR_RETURN(InputSpec mask, graph::FirstField(*this, schema, FieldKind::kMask, "mask"));
    ASSIGN_OR_RETURN(std::vector<InputSpec> inputs, graph::InputsOfLabelledImages(*this, schema));
    inputs.push_back(std::move(mask));  // the classes are those of the labels
    return inputs;
  }
  void Train(size_t, graph::TaskBuilder& b) const override { AddLoss(b); }
  void Eval(graph::TaskBuilder& b) const override { AddLoss(b); }
  std::vector<Metric> metrics() const override { return {{.name = "samples", .unit = ""}}; }
  Result<std::vector<Metric>> Measure(const graph::Gathered& gathered) const override {
    std::vector<Metric> measured = metrics();
    measured[0].value = static_cast<double>(gathered.samples);
    return measured;
  }
  std::string_view primary() const override { return "samples"; }

 private:
  static void AddLoss(graph::TaskBuilder& b) {
    b.Input("mask");
    const Value out = b.Call(graph::kModelNetwork, graph::kForward,
                             {{std::string(graph::kImage), b.Input("image")}})[graph::kOut];
    b.Loss(b.RecipeLoss(out, b.Input("label"), ops::kLabelTarget));
  }
};

class PhotographsTest : public testing::Test {
 protected:
  // Five lanes of two samples, three epochs, everything drawn anew in each.
  TrainConfig Config(const std::string& run) const {
    TrainConfig config = SmallConfig(dataset_.directory(), folder_ / run, "convnet-bn", 5, 2);
    config.epochs = 3;
    config.augment_train = {"random-resized-crop:8:scale=0.3,1", "hflip",
                            "color-jitter:brightness=0.3:contrast=0.3:saturation=0.3:hue=0.1",
                            "rotate:20", "normalise"};
    config.augment_val = {"resize:9", "center-crop:8", "normalise"};
    return config;
  }

  TestFolder folder_;
  storage::PhotoDataset dataset_{"photographs"};
};

TEST_F(PhotographsTest, DigestsAreEqualForAnyRanksAndSampleThreads) {
  const std::vector<std::string> one = RunDigests(Config("one"), folder_ / "one");
  EXPECT_EQ(one.size(), 7u) << "a heading and six steps";
  for (const int32_t ranks : {2, 3, 5}) {
    TrainConfig config = Config("ranks" + std::to_string(ranks));
    config.run.ranks = ranks;
    EXPECT_EQ(RunDigests(config, config.run.directory), one) << ranks << " ranks";
  }
  for (const int32_t threads : {1, 2, 4}) {
    TrainConfig config = Config("threads" + std::to_string(threads));
    config.run.sample_threads = threads;
    EXPECT_EQ(RunDigests(config, config.run.directory), one) << threads << " sample threads";
  }
}

TEST_F(PhotographsTest, ATaskThatReadsMasksTrainsAsOneThatDoesNot) {
  static const bool kAdded = [] {
    graph::AddTask(std::make_unique<const WithMasks>());
    return true;
  }();
  ASSERT_TRUE(kAdded);
  const auto steps_of = [&](TrainConfig config, const std::string& run) {
    std::vector<std::string> losses;
    for (const std::string& line : RunDigests(config, folder_ / run)) {
      losses.push_back(line.substr(0, line.rfind(',')));  // the recipes differ, and so the digests
    }
    return losses;
  };
  TrainConfig config = Config("masks");
  const std::vector<std::string> expected = steps_of(config, "labels");
  config.task = "with-masks";
  config.run.ranks = 2;
  EXPECT_EQ(steps_of(config, "masks"), expected);
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

TEST_F(PhotographsTest, AStopLeavesNoTrace) {
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

TEST_F(PhotographsTest, TheWeightsSayWhatTheyAreOf) {
  TrainConfig config = Config("weights");
  config.max_steps = 1;
  ASSERT_TRUE(Train(config).ok());
  const auto file = storage::SafetensorsFile::Read(folder_ / "weights/model.safetensors");
  ASSERT_TRUE(file.ok()) << file.status();
  const storage::TensorMetadata& metadata = file->metadata();
  EXPECT_EQ(metadata.at("classes"), R"(["cat","dog","bird","fish"])");
  EXPECT_EQ(metadata.at("outputs"), "4");
  EXPECT_EQ(metadata.at("image"), "[8,8,3]");
  EXPECT_EQ(metadata.at("augment_val"), R"(["resize:9","center-crop:8","normalise"])");
  EXPECT_EQ(metadata.at("channel_mean"), "[0.5,0.4,0.3]");
  config = Config("no-evaluation");
  config.max_steps = 1;
  config.data.val = "";
  ASSERT_TRUE(Train(config).ok());
  const auto other = storage::SafetensorsFile::Read(folder_ / "no-evaluation/model.safetensors");
  ASSERT_TRUE(other.ok()) << other.status();
  EXPECT_EQ(other->metadata().count("augment_val"), 0u);
}

TEST_F(PhotographsTest, SizesThatStayDifferentAreRefusedNamingTwoOfThem) {
  TrainConfig config = Config("refused");
  config.augment_train = {"resize:8", "normalise"};
  const auto refused = Train(config);
  EXPECT_EQ(refused.status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(refused.status().message(),
              testing::AllOf(testing::HasSubstr("12x10x3 becomes 9x8x3"),
                             testing::HasSubstr("24x14x3 becomes 13x8x3")));
}

}  // namespace
}  // namespace lockstep::tests
