// SPDX-License-Identifier: Apache-2.0
// What is kept and decided beside the parameters: the laws hold with every optimizer, with norms of
// whole parameters, with a moving average, and with groups that are trained only after some epochs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/file.h"
#include "ops/core/registry.h"
#include "storage/checkpoint/safetensors.h"
#include "tests/distributed/small_runs.h"
#include "worker/run/evaluate.h"

namespace lockstep::tests {
namespace {

using storage::SafetensorsFile;
using ::testing::HasSubstr;
using worker::TrainConfig;

class OptimizersTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(MakeSmallDataset({}, folder_ / "data").ok()); }

  // One epoch of eight steps.
  TrainConfig Config(const std::string& optimizer, const std::string& model = "convnet-bn") {
    TrainConfig config = SmallConfig(folder_ / "data", folder_ / "unused", model, 5, 9);
    config.schedule.warmup_epochs = 0;
    config.schedule.name = "constant";
    config.epochs = 1;
    config.optimizer.name = optimizer;
    config.optimizer.options = {};
    config.optimizer.lr = 0.01;
    return config;
  }
  std::vector<std::string> Run(const TrainConfig& config) {
    last_ = folder_ / ("run" + std::to_string(runs_++));
    return RunDigests(config, last_);
  }
  // The digests of a run that is cut after so many steps and goes on with two ranks.
  std::vector<std::string> RunCutAfter(int64_t steps, TrainConfig config) {
    config.max_steps = steps;
    Run(config);
    config.max_steps = 0;
    config.run.ranks = 2;
    return RunDigests(config, last_);
  }
  void ExpectTheLaws(TrainConfig config, int64_t cut) {
    const std::vector<std::string> expected = Run(config);
    EXPECT_EQ(RunCutAfter(cut, config), expected);
    for (const int32_t ranks : {2, 3, 5}) {
      config.run.ranks = ranks;
      EXPECT_EQ(Run(config), expected) << ranks << " ranks";
    }
  }
  SafetensorsFile Weights(const std::string& file) {
    auto read = SafetensorsFile::Read(last_ + "/" + file);
    EXPECT_TRUE(read.ok()) << read.status();
    return *std::move(read);
  }
  std::string FailureOf(const TrainConfig& config) {
    TrainConfig with_directory = config;
    with_directory.run.directory = folder_ / ("run" + std::to_string(runs_++));
    return Train(with_directory).status().message();
  }

  TestFolder folder_;
  std::string last_;
  int runs_ = 0;
};

std::string BytesOf(const SafetensorsFile& file, const std::string& name) {
  const auto tensor = file.Find(name);
  EXPECT_TRUE(tensor.ok()) << tensor.status();
  return std::string(static_cast<const char*>(tensor->data),
                     static_cast<size_t>(tensor->type.bytes()));
}

TEST_F(OptimizersTest, EveryOneHasTheSameBitsOnOneRankAndOnThreeAndAfterACut) {
  for (const auto& [name, optimizer] : ops::OpRegistry::Global().optimizers()) {
    TrainConfig config = Config(name);
    const std::vector<std::string> expected = Run(config);
    config.run.ranks = 3;
    EXPECT_EQ(Run(config), expected) << name;
    EXPECT_EQ(RunCutAfter(3, config), expected) << name;
  }
}

TEST_F(OptimizersTest, AResumeWithOptionsThatNeedOtherStateIsRefused) {
  TrainConfig config = Config("rmsprop");
  config.max_steps = 3;
  Run(config);
  config.run.directory = last_;
  config.max_steps = 0;
  config.optimizer.options.Set("momentum", 0.9);
  EXPECT_THAT(Train(config).status().message(),
              HasSubstr("checkpoint b01-s0000000003 holds square_avg of the optimizer, and its "
                        "options now need momentum_buffer, square_avg; give it the options that "
                        "it had, or train anew"));
}

TEST_F(OptimizersTest, NormsOfWholeParametersAreTheSameForEveryNumberOfRanks) {
  for (const char* name : {"lars", "lamb"}) {
    // Its largest parameter has five blocks.
    TrainConfig config = Config(name, "mlp-784-400-400-10");
    config.optimizer.options.Set("weight_decay", 0.01);
    config.optimizer.groups = {"kind=bias:weight_decay=0", "fc2.*:lr_scale=3"};
    ExpectTheLaws(config, 5);
  }
}

TEST_F(OptimizersTest, NormsOfWholeParametersGoWithClippingSkippingAndFrozenParameters) {
  for (const char* name : {"lars", "lamb"}) {
    TrainConfig config = Config(name);
    config.optimizer.options.Set("always_adapt", true);
    config.optimizer.clip_norm = 0.5;
    config.nonfinite = "skip";
    config.model.freeze = {"block1.*"};
    config.ema_decay = 0.9;
    ExpectTheLaws(config, 2);
  }
}

TEST_F(OptimizersTest, AnAverageHasTheSameBitsForEveryNumberOfRanksAndAfterACut) {
  TrainConfig config = Config("adam");
  config.ema_decay = 0.9;
  config.eval.weights = "ema";
  config.model.freeze = {"block2.*"};
  ExpectTheLaws(config, 3);
}

TEST_F(OptimizersTest, AnAverageIsOfTheBitsOfTheDigestAndChangesNoWeight) {
  TrainConfig config = Config("sgd");
  const std::vector<std::string> without = Run(config);
  const SafetensorsFile plain = Weights("model.safetensors");
  config.ema_decay = 0.9;
  EXPECT_NE(Run(config).back(), without.back());
  const SafetensorsFile trained = Weights("model.safetensors");
  const SafetensorsFile averaged = Weights("model_ema.safetensors");
  for (const storage::TensorView& tensor : plain.tensors()) {
    EXPECT_EQ(BytesOf(trained, tensor.name), BytesOf(plain, tensor.name)) << tensor.name;
    if (tensor.name.find("running") == std::string::npos) continue;
    EXPECT_EQ(BytesOf(averaged, tensor.name), BytesOf(trained, tensor.name)) << tensor.name;
  }
  for (const char* name : {"fc.weight", "block1.conv.weight", "block2.bn.bias"}) {
    EXPECT_NE(BytesOf(averaged, name), BytesOf(trained, name)) << name;
  }
}

TEST_F(OptimizersTest, TheFirstAverageIsTheParametersThemselves) {
  TrainConfig config = Config("sgd");
  config.ema_decay = 0.9;
  config.max_steps = 1;
  Run(config);
  EXPECT_EQ(BytesOf(Weights("model_ema.safetensors"), "fc.weight"),
            BytesOf(Weights("model.safetensors"), "fc.weight"));
}

TEST_F(OptimizersTest, EvaluationsReadTheAverageWhereTheRecipeSaysSo) {
  TrainConfig config = Config("sgd");
  config.ema_decay = 0.9;
  config.eval.weights = "ema";
  config.run.ranks = 3;
  config.run.directory = folder_ / "averaged";
  const auto summary = Train(config);
  ASSERT_TRUE(summary.ok()) << summary.status();
  const auto loss_of = [&](const std::string& weights, const std::string& which) {
    TrainConfig again = config;
    again.eval.weights = which;
    const auto evaluation = worker::EvaluateWeights(again, weights, {});
    EXPECT_TRUE(evaluation.ok()) << evaluation.status();
    return evaluation.ok() ? evaluation->result.loss : std::nan("");
  };
  const std::string& run = config.run.directory;
  EXPECT_EQ(loss_of(run, "ema"), summary->val_loss);
  EXPECT_EQ(loss_of(run + "@best", "ema"), summary->val_loss);
  EXPECT_EQ(loss_of(run + "/model_ema.safetensors", "trained"), summary->val_loss);
  EXPECT_NE(loss_of(run, "trained"), summary->val_loss);
  EXPECT_EQ(loss_of(run + "@best", "trained"), loss_of(run, "trained"));
}

TEST_F(OptimizersTest, AnAverageThatARunDoesNotKeepIsNotFound) {
  TrainConfig config = Config("sgd");
  Run(config);
  config.eval.weights = "ema";
  for (const std::string& weights : {last_, last_ + "@best"}) {
    EXPECT_THAT(worker::EvaluateWeights(config, weights, {}).status().message(),
                HasSubstr("holds no moving average of the weights: the run was made without "
                          "train.ema_decay; evaluate with eval.weights=trained"));
  }
}

TEST_F(OptimizersTest, GroupsThatAreTrainedLaterHaveTheSameBitsForEveryNumberOfRanks) {
  for (const bool learn : {false, true}) {
    TrainConfig config = Config("adam");
    config.epochs = 3;
    config.ema_decay = 0.9;
    config.model.freeze = {"block2.conv.bias", "block2.bn.bias"};
    config.model.frozen_norms = learn ? "learn" : "keep";
    config.optimizer.groups = {"block1.*:unfreeze_epoch=1:lr_scale=0.5",
                               "block2.*:unfreeze_epoch=2"};
    for (const int64_t cut : {8, 11}) ExpectTheLaws(config, cut);
  }
}

TEST_F(OptimizersTest, AGroupKeepsItsBitsUntilItsEpochAndMovesFromThenOn) {
  TrainConfig config = Config("lamb");
  config.epochs = 2;
  config.optimizer.groups = {"block1.*:unfreeze_epoch=1"};
  const auto after = [&](int64_t steps) {
    config.max_steps = steps;
    Run(config);
    return Weights("model.safetensors");
  };
  const SafetensorsFile first = after(1), last_frozen = after(8), first_free = after(9);
  for (const storage::TensorView& tensor : first.tensors()) {
    const std::string& name = tensor.name;
    EXPECT_EQ(BytesOf(first, name) == BytesOf(last_frozen, name), name.starts_with("block1."))
        << name;
    EXPECT_NE(BytesOf(last_frozen, name), BytesOf(first_free, name)) << name;
  }
}

TEST_F(OptimizersTest, AStageWithNothingToTrainIsRefused) {
  TrainConfig config = Config("sgd");
  config.optimizer.groups = {"fc.*:unfreeze_epoch=1", "*:unfreeze_epoch=3"};
  EXPECT_THAT(FailureOf(config),
              HasSubstr("optimizer.groups leaves nothing to train in the first 1 epochs; remove "
                        "unfreeze_epoch from one of its groups"));
}

TEST_F(OptimizersTest, TheRatesOfGroupsStandInTheTableOfResults) {
  TrainConfig config = Config("sgd");
  config.epochs = 2;
  config.optimizer.groups = {"fc.*:lr_scale=4", "block1.*:unfreeze_epoch=1:lr_scale=0.5"};
  Run(config);
  const auto table = ReadFile(last_ + "/results.csv");
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_THAT(*table, HasSubstr(",lr_1,lr_2,lr,images_per_second,seconds\n"));
  EXPECT_THAT(*table, testing::ContainsRegex("\n0,8,[^\n]*,0.04,0,0.01,"));
  EXPECT_THAT(*table, testing::ContainsRegex("\n1,16,[^\n]*,0.04,0.005,0.01,"));
}

}  // namespace
}  // namespace lockstep::tests
