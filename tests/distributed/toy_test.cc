// SPDX-License-Identifier: Apache-2.0
// A task with two networks and two phases trains like any other: equal bits on any number of ranks,
// and after a stop or a kill.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <sstream>
#include <string>
#include <thread>

#include "base/file.h"
#include "graph/program/program.h"
#include "storage/checkpoint/checkpoint_directory.h"
#include "tests/distributed/small_runs.h"
#include "tests/distributed/toy_task.h"
#include "worker/step/trainer_state.h"

namespace lockstep::tests {
namespace {

using worker::TrainConfig;

class ToyTest : public testing::Test {
 protected:
  void SetUp() override {
    AddToyTasks();
    ASSERT_TRUE(MakeSmallDataset({}, folder_ / "data").ok());
  }

  TrainConfig Config(const std::string& run, int32_t lanes = 6) {
    TrainConfig config = SmallConfig(folder_ / "data", folder_ / run, "lenet5", lanes, 8);
    config.task = std::string(kToyTask);
    config.optimizer.name = "adam";
    config.optimizer.lr = 0.01;
    config.checkpoint.every_steps = 3;
    return config;
  }
  std::vector<std::string> Run(TrainConfig config, const std::string& run) {
    return RunDigests(std::move(config), folder_ / run);
  }

  TestFolder folder_;
};

TEST_F(ToyTest, DigestsAreEqualForEveryNumberOfRanks) {
  for (int32_t lanes : {6, 5}) {
    const std::string name = "v" + std::to_string(lanes);
    TrainConfig config = Config(name, lanes);
    const std::vector<std::string> expected = Run(config, name + "w1");
    ASSERT_GT(expected.size(), 10u);
    for (int32_t ranks : {2, 3, 5}) {
      config.run.ranks = ranks;
      EXPECT_EQ(Run(config, name + "w" + std::to_string(ranks)), expected) << ranks << " ranks";
    }
  }
}

TEST_F(ToyTest, APhaseMayRunInEachThirdStepOnly) {
  TrainConfig config = Config("turns");
  config.task = std::string(kToyByTurns);
  const std::vector<std::string> expected = Run(config, "turns");
  for (const int32_t ranks : {2, 3, 5}) {
    config.run.ranks = ranks;
    EXPECT_EQ(Run(config, "turns-w" + std::to_string(ranks)), expected) << ranks << " ranks";
  }
  config.run.ranks = 1;
  config.task = std::string(kToyTask);
  EXPECT_NE(Run(config, "always"), expected);
}

// Adam corrects the bias of each phase by what that phase has done.
TEST_F(ToyTest, APhaseThatRestsCountsTheUpdatesItMakes) {
  TrainConfig config = Config("counts");
  config.task = std::string(kToyByTurns);
  config.max_steps = 8;
  Run(config, "counts");
  const storage::CheckpointId id{1, 8};
  const auto manifest =
      storage::InspectCheckpointDirectory(storage::CheckpointPath(folder_ / "counts", id), id);
  ASSERT_TRUE(manifest.ok()) << manifest.status();
  const auto state = worker::TrainerState::FromBytes(manifest->trainer_state);
  ASSERT_TRUE(state.ok()) << state.status();
  EXPECT_EQ(state->applied_updates, 8);
  EXPECT_EQ(state->Entry("updates.encoder"), 3.0) << "in the steps 0, 3 and 6";
  EXPECT_TRUE(std::isnan(state->Entry("updates.critic"))) << "it runs in every step";
}

// The columns of a results table that no clock has written, line by line.
std::vector<std::string> ResultLines(const std::string& run) {
  const Result<std::string> text = ReadFile(run + "/results.csv");
  EXPECT_TRUE(text.ok()) << text.status();
  std::vector<std::string> lines;
  std::istringstream stream(text.ok() ? *text : std::string());
  for (std::string line; std::getline(stream, line);) {
    for (int clock = 0; clock < 2; ++clock) line.resize(line.rfind(','));
    lines.push_back(line);
  }
  return lines;
}

TEST_F(ToyTest, SumsOfTrainingAreColumnsOfTheResultsAndEqualForEveryNumberOfRanks) {
  TrainConfig config = Config("sums");
  Run(config, "sums");
  const std::vector<std::string> expected = ResultLines(folder_ / "sums");
  ASSERT_EQ(expected.size(), 3u);
  EXPECT_EQ(expected[0],
            "epoch,step,train_loss,val_loss,nats,ap,train_critic_nats,train_critic_hits,"
            "train_encoder_nats,lr");
  for (size_t epoch = 1; epoch < expected.size(); ++epoch) {
    std::vector<std::string> cells;
    std::istringstream line(expected[epoch]);
    for (std::string cell; std::getline(line, cell, ',');) cells.push_back(cell);
    ASSERT_EQ(cells.size(), 10u);
    EXPECT_EQ(cells[6], cells[2]) << "the loss of a step is that of the critic";
    EXPECT_GT(std::stod(cells[7]), 0.0);
    EXPECT_LT(std::stod(cells[7]), 1.0) << "a share of the samples";
    EXPECT_GT(std::stod(cells[8]), 0.0);
  }
  config.run.ranks = 3;
  Run(config, "sums-w3");
  EXPECT_EQ(ResultLines(folder_ / "sums-w3"), expected);
}

// Noise is drawn in evaluations, too.
TEST_F(ToyTest, WhatNeedsAllSamplesIsEqualForEveryNumberOfRanks) {
  TrainConfig config = Config("rows");
  config.task = std::string(kToyByTurns);
  worker::TrainSummary summary;
  RunDigests(config, folder_ / "rows", &summary);
  const std::vector<std::string> expected = ResultLines(folder_ / "rows");
  ASSERT_EQ(summary.metrics.size(), 2u);
  EXPECT_EQ(summary.metrics[1].name, "ap");
  EXPECT_GT(summary.metrics[1].value, 0.0);
  EXPECT_LT(summary.metrics[1].value, 1.0);
  for (const int32_t ranks : {2, 3, 5}) {
    const std::string run = "rows-w" + std::to_string(ranks);
    config.run.ranks = ranks;
    worker::TrainSummary other;
    RunDigests(config, folder_ / run, &other);
    EXPECT_EQ(other.metrics, summary.metrics) << ranks << " ranks";
    EXPECT_EQ(ResultLines(folder_ / run), expected) << ranks << " ranks";
  }
}

TEST_F(ToyTest, ASplitWhoseRowsTakeMoreThanTheRecipeAllowsIsRefusedBeforeTheFirstStep) {
  TrainConfig config = Config("refused");
  config.eval.max_rows_mib = 0;
  const Status refused = Train(config).status();
  EXPECT_EQ(refused.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(refused.message(),
            "the task 'toy' keeps 60 bytes of each of the 97 samples of the split 'test', 1 MiB, "
            "and eval.max_rows_mib is 0; set it to 1 where rank 0 has that memory, or evaluate a "
            "smaller split (data.val)");
  EXPECT_FALSE(FileExists(folder_ / "refused/digests.csv"));
}

// testdata/average_precision.txt is made by the script beside it, with scikit-learn.
TEST(AveragePrecision, IsScikitLearns) {
  const Result<std::string> text = ReadFile(std::string(LOCKSTEP_SOURCE_DIR) +
                                            "/tests/distributed/testdata/average_precision.txt");
  ASSERT_TRUE(text.ok()) << text.status();
  std::istringstream stream(*text);
  int cases = 0;
  for (std::string expected, count; stream >> expected >> count; ++cases) {
    std::vector<Scored> scored;
    for (int64_t i = 0; i < std::stoll(count); ++i) {
      std::string score;
      int positive = 0;
      ASSERT_TRUE(stream >> score >> positive);
      scored.push_back({std::stod(score), positive == 1});
    }
    EXPECT_NEAR(AveragePrecision(std::move(scored)), std::stod(expected), 1e-14) << cases;
  }
  EXPECT_EQ(cases, 4);
}

TEST_F(ToyTest, DigestsAreEqualWhereEveryPhaseTakesADecisionOfAllRanks) {
  TrainConfig config = Config("decisions");
  config.optimizer.clip_norm = 0.05;
  config.nonfinite = "skip";
  const std::vector<std::string> expected = Run(config, "decisions");
  config.run.ranks = 3;
  EXPECT_EQ(Run(config, "decisions-w3"), expected);
  config.optimizer.clip_norm = 0.0;
  EXPECT_NE(Run(config, "unclipped"), expected) << "0.05 must have clipped something";
}

// The rate is so high that no loss is finite after the first updates.
TEST_F(ToyTest, APhaseThatIsNotFiniteEndsItsStep) {
  TrainConfig config = Config("diverges");
  config.optimizer.name = "sgd";
  config.optimizer.lr = 1e39;  // not finite in fp32
  config.schedule = {};
  config.checkpoint.every_steps = 0;  // no checkpoint holds such parameters
  config.nonfinite = "skip";
  config.max_steps = 4;
  std::vector<std::string> expected;
  for (const int32_t ranks : {1, 3}) {
    config.run.ranks = ranks;
    config.run.overwrite = true;
    EXPECT_FALSE(Train(config).ok()) << "its parameters are not worth storing";
    const std::vector<std::string> lines = DigestLines(folder_ / "diverges");
    ASSERT_EQ(lines.size(), 5u);
    EXPECT_NE(lines[4].find(",1,"), std::string::npos) << lines[4];
    if (!expected.empty()) {
      EXPECT_EQ(lines, expected) << ranks << " ranks";
    }
    expected = lines;
  }
  config.nonfinite = "stop";
  const Status stopped = Train(config).status();
  EXPECT_EQ(stopped.code(), StatusCode::kNonFinite) << stopped;
}

TEST_F(ToyTest, BothNetworksAreTrained) {
  TrainConfig config = Config("run");
  config.epochs = 12;
  worker::TrainSummary summary;
  const std::vector<std::string> lines = RunDigests(config, folder_ / "run", &summary);
  ASSERT_EQ(summary.metrics.size(), 2u);
  EXPECT_LT(summary.metrics[0].value, 1.5) << "ten linearly separable classes; ln 10 is 2.3";
}

TEST_F(ToyTest, GradientsReachTheirParametersInWhateverOrderNetworksAreCalled) {
  std::vector<double> losses;
  for (const std::string_view task : {kToyInOrder, kToyReversed}) {
    TrainConfig config = Config(std::string(task));
    config.task = std::string(task);
    config.model.name = "mlp-784-400-400-10";  // the toy takes its dropout
    config.model.options.Set("dropout", 0.0);
    worker::TrainSummary summary;
    RunDigests(config, folder_ / std::string(task), &summary);
    ASSERT_EQ(summary.metrics.size(), 2u);
    losses.push_back(summary.metrics[0].value);
  }
  EXPECT_LT(losses[0], 2.0) << "ten linearly separable classes; ln 10 is 2.3";
  EXPECT_NEAR(losses[0], losses[1], 1e-3) << "the order in which gradients are added differs";
}

class ToyKillTest : public ToyTest, public testing::WithParamInterface<std::string_view> {};

// The child is killed once it has done some steps; whoever goes on has another number of ranks.
TEST_P(ToyKillTest, AKillLeavesNoTrace) {
  TrainConfig config = Config("run");
  config.task = std::string(GetParam());
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    (void)Train(config);
    _exit(0);
  }
  const auto rows = [&] {
    const Result<std::string> text = ReadFile(folder_ / "run/digests.csv");
    return text.ok() ? std::count(text->begin(), text->end(), '\n') : 0;
  };
  const Deadline deadline = Deadline::In(std::chrono::minutes(5));
  bool ended = false;
  while (rows() < 6 && !ended && !deadline.Passed()) {
    ended = waitpid(child, nullptr, WNOHANG) != 0;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  const bool reached = rows() >= 6;
  if (!ended) {
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
  }
  ASSERT_FALSE(ended) << "the run ended before it was killed";
  ASSERT_TRUE(reached) << "six rows of digests.csv were not there within five minutes";
  TrainConfig later = config;
  later.run.ranks = 3;
  const auto summary = Train(later);
  ASSERT_TRUE(summary.ok()) << summary.status();
  const std::vector<std::string> lines = DigestLines(folder_ / "run");
  EXPECT_EQ(lines, Run(config, "untouched"));
  EXPECT_EQ(ResultLines(folder_ / "run"), ResultLines(folder_ / "untouched"));
}

INSTANTIATE_TEST_SUITE_P(Tasks, ToyKillTest, testing::Values(kToyTask, kToyByTurns),
                         [](const auto& info) {
                           return info.param == kToyTask ? "EveryPhaseInEveryStep" : "ByTurns";
                         });

TEST_F(ToyTest, NetworksShareAParameterSpaceUnderTheirNames) {
  graph::ProgramOptions options;
  options.task = std::string(kToyTask);
  options.model = "lenet5";
  options.image = {28, 28, 1};
  const auto program = graph::Program::Make(options);
  ASSERT_TRUE(program.ok()) << program.status();
  ASSERT_EQ(program->phases().size(), 2u);
  const size_t critic = program->ParameterIndex("critic.fc1.weight");
  const size_t encoder = program->ParameterIndex("encoder.conv.weight");
  EXPECT_TRUE(program->Trains(0, critic));
  EXPECT_FALSE(program->Trains(0, encoder));
  EXPECT_FALSE(program->Trains(1, critic));
  EXPECT_TRUE(program->Trains(1, encoder));
  ASSERT_EQ(program->running().size(), 1u);
  EXPECT_EQ(program->running()[0].path, "encoder/bn");
  EXPECT_EQ(program->running()[0].calls, 2) << "the second phase encodes twice";
  std::vector<std::string> draws;
  const auto lane = program->Lane(4, 1);
  ASSERT_TRUE(lane.ok()) << lane.status();
  for (const graph::Node& node : lane->nodes()) {
    if (node.op->name == "dropout") draws.push_back(node.path);
  }
  EXPECT_EQ(draws, (std::vector<std::string>{"encoder/dropout", "encoder/dropout#1"}));
}

}  // namespace
}  // namespace lockstep::tests
