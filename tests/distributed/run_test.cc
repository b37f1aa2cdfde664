// SPDX-License-Identifier: Apache-2.0
// What a whole run promises beside equal bits: every sample exactly once, an evaluation that can be
// repeated, and a run directory that says what happened.
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "base/file.h"
#include "base/mutex.h"
#include "comm/local/local_world.h"
#include "storage/checkpoint/safetensors.h"
#include "tests/distributed/small_runs.h"
#include "worker/report/explain.h"
#include "worker/run/evaluate.h"
#include "worker/run/train.h"

namespace lockstep::tests {
namespace {

using worker::TrainConfig;
using worker::TrainSummary;

TEST(ExactlyOnce, HoldsForOddSizesAndEveryNumberOfRanks) {
  for (const auto& [samples, lanes, lane_batch] :
       {std::tuple{997, 8, 13}, {105, 8, 13}, {833, 8, 13}, {5, 8, 13}}) {
    TestFolder folder;
    ASSERT_TRUE(MakeSmallDataset({.train = samples, .test = 11, .side = 6}, folder / "data").ok());
    TrainConfig config = SmallConfig(folder / "data", "", "mlp-784-128-64-10", lanes, lane_batch);
    std::vector<std::string> expected;
    for (int32_t ranks : {1, 3, 8}) {
      config.run.ranks = ranks;
      TrainSummary summary;
      const std::vector<std::string> lines =
          RunDigests(config, folder / ("run" + std::to_string(ranks)), &summary);
      EXPECT_TRUE(summary.exactly_once);
      EXPECT_EQ(summary.samples_consumed, 2 * samples);
      EXPECT_EQ(summary.epoch, 2);
      if (ranks == 1) expected = lines;
      EXPECT_EQ(lines, expected) << samples << " samples on " << ranks << " ranks";
    }
  }
}

class RunTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(MakeSmallDataset({}, folder_ / "data").ok()); }
  TrainConfig Config() {
    return SmallConfig(folder_ / "data", folder_ / "run", "convnet-bn", 4, 8);
  }
  nlohmann::json SummaryFile() {
    const Result<std::string> text = ReadFile(folder_ / "run/summary.json");
    EXPECT_TRUE(text.ok()) << text.status();
    return nlohmann::json::parse(text.ok() ? *text : "{}");
  }

  TestFolder folder_;
};

TEST_F(RunTest, LearnsAndWritesWhatHappened) {
  TrainConfig config = Config();
  config.epochs = 4;
  config.optimizer.lr = 0.05;
  TrainSummary summary;
  const std::vector<std::string> lines = RunDigests(config, folder_ / "run", &summary);
  const Metric* const acc1 = FindMetric(summary.metrics, "acc1");
  ASSERT_NE(acc1, nullptr);
  EXPECT_GT(acc1->value, 0.9) << "ten linearly separable classes";
  const nlohmann::json json = SummaryFile();
  EXPECT_EQ(json.at("status"), "finished");
  EXPECT_EQ(json.at("epoch"), 4);
  EXPECT_EQ(json.at("step"), static_cast<int64_t>(lines.size()) - 1);
  EXPECT_EQ(json.at("samples_consumed"), 4 * 333);
  EXPECT_EQ(json.at("exactly_once"), true);
  EXPECT_EQ(json.at("metrics").size(), summary.metrics.size());
  for (const Metric& metric : summary.metrics) {
    EXPECT_EQ(json.at("metrics").at(metric.name), metric.value);
  }
  for (const char* key : {"digest", "train_loss", "val_loss", "images_per_second", "seconds",
                          "world_size", "lanes", "lane_batch", "peak_memory_bytes"}) {
    EXPECT_TRUE(json.contains(key)) << key;
  }
  const std::string digest = json.at("digest");
  EXPECT_TRUE(lines.back().ends_with(digest)) << lines.back();
}

TEST_F(RunTest, StoredWeightsEvaluateToWhatTrainingReported) {
  TrainSummary summary;
  RunDigests(Config(), folder_ / "run", &summary);
  TrainConfig config = Config();
  for (int32_t cores : {1, 2}) {
    config.run.cores = cores;
    const auto evaluation = worker::EvaluateWeights(config, folder_ / "run/model.safetensors");
    ASSERT_TRUE(evaluation.ok()) << evaluation.status();
    EXPECT_EQ(evaluation->result.loss, summary.val_loss);
    EXPECT_EQ(evaluation->result.metrics, summary.metrics);
    EXPECT_EQ(evaluation->result.samples, 97);
    EXPECT_FALSE(evaluation->per_class.has_value());
  }
  config.run.device = "emulated";  // another device, the same bits
  const auto emulated = worker::EvaluateWeights(config, folder_ / "run/model.safetensors");
  ASSERT_TRUE(emulated.ok()) << emulated.status();
  EXPECT_EQ(emulated->result.loss, summary.val_loss);
  EXPECT_EQ(emulated->result.metrics, summary.metrics);
  config.model.name = "lenet5";
  const auto foreign = worker::EvaluateWeights(config, folder_ / "run/model.safetensors");
  EXPECT_FALSE(foreign.ok());
}

TEST_F(RunTest, TheEmulatedDeviceDoesNotTrain) {
  TrainConfig config = Config();
  config.run.device = "emulated";
  config.run.directory = folder_ / "run";
  comm::LocalWorld world(1);
  const auto rank = world.MakeRank(Rank(0));
  const auto summary = worker::Train(config, {.ranks = {rank.get()}}, nullptr);
  ASSERT_FALSE(summary.ok());
  EXPECT_EQ(summary.status().code(), StatusCode::kInvalidArgument);
  EXPECT_NE(summary.status().message().find("does not train"), std::string::npos)
      << summary.status();
  EXPECT_FALSE(std::filesystem::exists(folder_ / "run")) << "nothing was begun";
}

TEST_F(RunTest, StartsFromAFileOfWeightsOnAnyNumberOfRanks) {
  TrainConfig config = Config();
  config.max_steps = 3;
  const std::vector<std::string> plain = RunDigests(config, folder_ / "run");
  config.model.weights = folder_ / "run/model.safetensors";
  config.optimizer.lr = 0.0;  // the parameters stay what they were at the start
  std::vector<std::string> expected;
  for (const int32_t ranks : {1, 3}) {
    config.run.ranks = ranks;
    const std::string run = folder_ / ("from" + std::to_string(ranks));
    const std::vector<std::string> lines = RunDigests(config, run);
    if (expected.empty()) expected = lines;
    EXPECT_EQ(lines, expected) << ranks << " ranks";
    EXPECT_NE(lines[1], plain[1]);
    const auto began = storage::SafetensorsFile::Read(config.model.weights);
    const auto ended = storage::SafetensorsFile::Read(run + "/model.safetensors");
    ASSERT_TRUE(began.ok() && ended.ok());
    size_t parameters = 0;
    for (const storage::TensorView& tensor : began->tensors()) {
      if (tensor.name.find(".running_") != std::string::npos) continue;
      const auto after = ended->Find(tensor.name);
      ASSERT_TRUE(after.ok()) << after.status();
      const auto bytes = static_cast<size_t>(tensor.type.bytes());
      EXPECT_EQ(std::memcmp(after->data, tensor.data, bytes), 0) << tensor.name;
      ++parameters;
    }
    EXPECT_EQ(parameters, 10u);
  }
}

TEST_F(RunTest, ReadsTheFileOfWeightsOnlyWhereTheRunBegins) {
  TrainConfig config = Config();
  config.max_steps = 2;
  RunDigests(config, folder_ / "run");
  const std::string weights = folder_ / "start.safetensors";
  std::filesystem::rename(folder_ / "run/model.safetensors", weights);
  config.model.weights = weights;
  config.max_steps = 5;
  const std::vector<std::string> whole = RunDigests(config, folder_ / "whole");
  config.max_steps = 2;
  RunDigests(config, folder_ / "parts");
  std::filesystem::remove(weights);
  config.run.directory = folder_ / "missing";
  const auto missing = Train(config);
  EXPECT_NE(missing.status().message().find("model.weights: "), std::string::npos);
  EXPECT_NE(missing.status().message().find("start.safetensors"), std::string::npos)
      << missing.status();
  config.max_steps = 5;
  EXPECT_EQ(RunDigests(config, folder_ / "parts"), whole);
}

TEST_F(RunTest, StopsAtABadLossNamingStepLaneAndLayer) {
  TrainConfig config = Config();
  config.optimizer.lr = 1e39;
  config.schedule = {};
  for (int32_t ranks : {1, 4}) {
    config.run.ranks = ranks;
    config.run.overwrite = true;
    const auto result = Train(config);
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.status().code(), StatusCode::kNonFinite) << result.status();
    const std::string& message = result.status().message();
    EXPECT_NE(message.find("step 2, lane 0: layer 'block"), std::string::npos) << message;
    const nlohmann::json json = SummaryFile();
    EXPECT_EQ(json.at("status"), "failed");
    EXPECT_NE(json.at("error").get<std::string>().find("layer"), std::string::npos);
  }
}

TEST_F(RunTest, NeverStoresWeightsThatAreNotFinite) {
  TrainConfig config = Config();
  config.optimizer.lr = 1e39;  // infinite in fp32: the parameters are lost with the last update
  config.schedule = {};
  config.max_steps = 1;
  const auto result = Train(config);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.status().code(), StatusCode::kNonFinite) << result.status();
  EXPECT_NE(result.status().message().find("after the last step"), std::string::npos);
  EXPECT_FALSE(FileExists(folder_ / "run/model.safetensors"));
  EXPECT_EQ(SummaryFile().at("status"), "failed");
}

TEST_F(RunTest, SaysNothingOfAnEvaluationThatWasNot) {
  TrainConfig config = Config();
  config.data.val = "";
  config.max_steps = 1;
  RunDigests(config, folder_ / "run");
  const nlohmann::json summary = SummaryFile();
  for (const auto& [name, value] : summary.at("metrics").items()) {
    EXPECT_TRUE(value.is_null()) << name;
  }
  EXPECT_TRUE(summary.at("val_loss").is_null());
}

TEST_F(RunTest, SkipsBadStepsWhereTheRecipeSaysSo) {
  TrainConfig config = Config();
  config.optimizer.lr = 1e39;  // every step but the first is bad
  config.schedule = {};
  config.nonfinite = "skip";
  config.max_steps = 6;
  std::vector<std::string> expected;
  for (int32_t ranks : {1, 4}) {
    config.run.ranks = ranks;
    config.run.overwrite = true;
    EXPECT_FALSE(Train(config).ok()) << "its parameters are not worth storing";
    const std::vector<std::string> lines = DigestLines(folder_ / "run");
    ASSERT_EQ(lines.size(), 7u);
    EXPECT_NE(lines[1].find(",0,"), std::string::npos) << lines[1];
    EXPECT_NE(lines[6].find(",1,"), std::string::npos) << lines[6];
    EXPECT_EQ(SummaryFile().at("skipped_steps"), 5);
    if (ranks == 1) expected = lines;
    EXPECT_EQ(lines, expected);
  }
}

TEST_F(RunTest, AFinishedRunStaysUnlessTold) {
  TrainConfig config = Config();
  config.max_steps = 1;
  const std::vector<std::string> lines = RunDigests(config, folder_ / "run");
  const auto again = Train(config);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_TRUE(again->was_finished);
  EXPECT_EQ(DigestLines(folder_ / "run"), lines);
  config.run.overwrite = true;
  const auto anew = Train(config);
  ASSERT_TRUE(anew.ok()) << anew.status();
  EXPECT_FALSE(anew->was_finished);
  EXPECT_EQ(anew->branch, 2);
  EXPECT_EQ(DigestLines(folder_ / "run"), lines);
}

TEST_F(RunTest, BadConfigsFailBeforeTheRunDirectoryIsTouched) {
  struct Bad {
    std::string expected;
    std::function<void(TrainConfig&)> change;
  };
  ASSERT_TRUE(MakeSmallDataset({.train = 20, .test = 5, .side = 6}, folder_ / "data-tiny").ok());
  const Bad cases[] = {
      {"a rank needs at least one lane", [](TrainConfig& c) { c.run.ranks = 5; }},
      {"needs batch.lanes = 1", [](TrainConfig& c) { c.precision = DType::kFloat64; }},
      {"did you mean 'lenet5'", [](TrainConfig& c) { c.model.name = "lenet"; }},
      {"'pool' is \"maxx\"; expected one of \"avg\", \"max\"; did you mean \"max\"?",
       [](TrainConfig& c) {
         c.model.name = "lenet5";
         c.model.options.Set("pool", "maxx");
       }},
      {"the dataset has 10", [](TrainConfig& c) { c.model.classes = 3; }},
      {"train", [](TrainConfig& c) { c.data.train = "trian"; }},
      {"layer 'conv2'",
       [](TrainConfig& c) {
         c.model.name = "lenet5";
         c.data.dataset += "-tiny";
       }},
      {"not-there", [](TrainConfig& c) { c.data.dataset += "/not-there"; }},
  };
  for (const Bad& bad : cases) {
    TrainConfig config = Config();
    bad.change(config);
    const auto result = Train(config);
    ASSERT_FALSE(result.ok()) << bad.expected;
    EXPECT_NE(result.status().message().find(bad.expected), std::string::npos) << result.status();
    EXPECT_FALSE(FileExists(folder_ / "run/recipe.toml")) << bad.expected;
  }
}

TEST_F(RunTest, ExplainSaysLayersStepsMemoryAndExchange) {
  TrainConfig config = Config();
  config.model.name = "lenet5";
  const auto text = worker::Explain(config, {.layers = true});
  ASSERT_TRUE(text.ok()) << text.status();
  for (const char* expected :
       {"conv2", "61,706", "333 samples in 4 lanes", "lower bound", "W=3 1.00", "f32[8,10]"}) {
    EXPECT_NE(text->find(expected), std::string::npos) << expected << "\n" << *text;
  }
  EXPECT_EQ(text->find("recomputed"), std::string::npos);
}

// Told by several threads at once.
class EvaluationWatcher : public worker::TrainObserver {
 public:
  void OnPlan(const worker::MemoryReport&) override {}
  void OnNote(const std::string&) override {}
  void OnStep(const worker::StepProgress&) override {}
  void OnEvaluation(const worker::EvaluationProgress& progress) override {
    MutexLock lock(&mutex_);
    if (progress.batches == 0) {
      begun.push_back(progress.epoch);
    } else {
      done.insert(progress.batches_done);
      batches = progress.batches;
    }
  }
  void OnEpoch(const worker::EpochReport&) override {}

  std::vector<int32_t> begun;
  std::multiset<int64_t> done;
  int64_t batches = 0;

 private:
  Mutex mutex_;
};

TEST_F(RunTest, EveryBatchOfAnEvaluationIsTold) {
  TrainConfig config = Config();
  config.eval.batch = 10;
  EvaluationWatcher watcher;
  const auto result = Train(config, &watcher);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(watcher.begun, (std::vector<int32_t>{0, 1}));
  EXPECT_EQ(watcher.batches, 12);  // 97 samples in 4 lanes: 25, 24, 24, 24, 3 batches each
  std::multiset<int64_t> expected;
  for (int64_t n = 1; n <= 12; ++n) expected.insert({n, n});  // of each evaluation
  EXPECT_EQ(watcher.done, expected);
}

TEST_F(RunTest, ExplainSaysWhatRecomputingCostsAndSaves) {
  TrainConfig config = Config();
  config.model.name = "convnet-bn";
  config.recompute = "blocks";
  const auto text = worker::Explain(config);
  ASSERT_TRUE(text.ok()) << text.status();
  for (const char* expected : {"recomputed", "FLOPs per lane again", "% more", "KiB less than"}) {
    EXPECT_NE(text->find(expected), std::string::npos) << expected << "\n" << *text;
  }
  config.recompute = "some";
  EXPECT_EQ(worker::Explain(config).status().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace lockstep::tests
