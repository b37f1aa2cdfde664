// SPDX-License-Identifier: Apache-2.0
// A run that is stopped, cut or changed, and goes on with any number of ranks: the history is that
// of a run that never stopped.
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <sstream>

#include "base/file.h"
#include "storage/checkpoint/checkpoint.h"
#include "storage/checkpoint/generation.h"
#include "tests/distributed/small_runs.h"
#include "worker/step/trainer_state.h"

namespace lockstep::tests {
namespace {

using worker::TrainConfig;
using worker::TrainSummary;

// Asks for a stop once a step is done.
class StopAt : public worker::TrainObserver {
 public:
  explicit StopAt(int64_t step) : step_(step) {}
  void OnPlan(const worker::MemoryReport&) override {}
  void OnNote(const std::string& note) override { notes += note + "\n"; }
  void OnStep(const worker::StepProgress& progress) override {
    if (progress.global_step == step_) stop.store(true);
  }
  void OnEpoch(const worker::EpochReport&) override {}

  std::atomic<bool> stop{false};
  std::string notes;

 private:
  const int64_t step_;
};

// results.csv without the columns that tell how quick the machine was.
std::string Results(const std::string& run) {
  const Result<std::string> text = ReadFile(run + "/results.csv");
  EXPECT_TRUE(text.ok()) << text.status();
  std::istringstream lines(text.ok() ? *text : "");
  std::string kept;
  for (std::string line; std::getline(lines, line);) {
    for (int i = 0; i < 2; ++i) line = line.substr(0, line.rfind(','));
    kept += line + "\n";
  }
  return kept;
}

// The rows of results.csv, by column.
std::vector<std::map<std::string, double>> ResultRows(const std::string& run) {
  std::istringstream lines(Results(run));
  std::vector<std::string> header;
  std::vector<std::map<std::string, double>> rows;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream cells(line);
    if (header.empty()) {
      for (std::string cell; std::getline(cells, cell, ',');) header.push_back(cell);
      continue;
    }
    rows.emplace_back();
    size_t column = 0;
    for (std::string cell; std::getline(cells, cell, ',');) {
      rows.back()[header.at(column++)] = std::strtod(cell.c_str(), nullptr);
    }
  }
  return rows;
}

class ResumeTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(MakeSmallDataset({}, folder_ / "data").ok()); }
  // 11 steps per epoch, 22 in all.
  TrainConfig Config(int32_t ranks = 1) {
    TrainConfig config = SmallConfig(folder_ / "data", run(), "convnet-bn", 4, 8);
    config.optimizer.name = "adam";
    config.optimizer.lr = 0.002;
    config.checkpoint.every_steps = 3;
    config.run.ranks = ranks;
    config.fixed_keys = "model.name=\"convnet-bn\"\n";
    config.branch_keys = "optimizer.lr=0.002\n";
    return config;
  }
  std::string run() const { return folder_ / "run"; }
  std::vector<std::string> Reference() {
    if (reference_.empty()) reference_ = RunDigests(Config(), folder_ / "reference");
    return reference_;
  }
  // Runs until `step` is done and one more, which takes the wish to stop along.
  void RunAndStop(int32_t ranks, int64_t step) {
    StopAt observer(step);
    const auto stopped = Train(Config(ranks), &observer, &observer.stop);
    ASSERT_FALSE(stopped.ok()) << "it was asked to stop";
    ASSERT_EQ(stopped.status().code(), StatusCode::kCancelled) << stopped.status();
  }
  void ExpectFinishesAsReference(const TrainConfig& config, int64_t resumed_from) {
    const auto summary = Train(config);
    ASSERT_TRUE(summary.ok()) << summary.status();
    EXPECT_EQ(summary->resumed_from_step, resumed_from);
    EXPECT_TRUE(summary->exactly_once);
    EXPECT_EQ(summary->samples_consumed, 2 * 333);
    EXPECT_EQ(DigestLines(run()), Reference());
    EXPECT_EQ(Results(run()), Results(folder_ / "reference"));
  }

  TestFolder folder_;
  std::vector<std::string> reference_;
};

TEST_F(ResumeTest, AStopLeavesNoTraceWhereverItIsAndOnWhateverRanksItGoesOn) {
  int32_t ranks = 1;
  for (int64_t step : {1, 5, 10, 11, 14, 20}) {
    ASSERT_TRUE(RemoveTree(run()).ok());
    RunAndStop(ranks, step);
    ranks = ranks % 4 + 1;
    // A wish that comes with the last step of an epoch is served in its evaluation.
    ExpectFinishesAsReference(Config(ranks), step == 11 ? 11 : step + 1);
  }
}

TEST_F(ResumeTest, ManyStopsLeaveNoTraceEither) {
  for (int64_t step = 2; step < 20; step += 4) RunAndStop(1 + static_cast<int32_t>(step) % 3, step);
  ExpectFinishesAsReference(Config(2), 19);
}

TEST_F(ResumeTest, ARunThatWasCutGoesOnAsIfItHadNotBeen) {
  for (int64_t steps : {7, 11, 12}) {
    ASSERT_TRUE(RemoveTree(run()).ok());
    TrainConfig cut = Config();
    cut.max_steps = steps;
    const auto summary = Train(cut);
    ASSERT_TRUE(summary.ok()) << summary.status();
    EXPECT_EQ(summary->status, "finished");
    ExpectFinishesAsReference(Config(3), steps);
  }
}

TEST_F(ResumeTest, AFallBackToAnOlderCheckpointRepeatsTheSameSteps) {
  RunAndStop(2, 13);
  const auto ids = storage::ListCheckpoints(run());
  ASSERT_TRUE(ids.ok());
  ASSERT_EQ(ids->back().step, 14);
  ASSERT_TRUE(RemoveTree(run() + "/checkpoints/" + ids->back().Name()).ok());
  ExpectFinishesAsReference(Config(2), 12);
}

TEST_F(ResumeTest, WithoutAnyCheckpointItBeginsAgain) {
  RunAndStop(1, 4);
  ASSERT_TRUE(RemoveTree(run() + "/checkpoints").ok());
  ExpectFinishesAsReference(Config(), 0);
}

TEST_F(ResumeTest, FreeKeysMayChangeAndLeaveTheBitsAlone) {
  RunAndStop(1, 6);
  TrainConfig config = Config(2);
  config.checkpoint.every_steps = 0;
  config.checkpoint.keep_last = 2;
  config.run.log_every = 3;
  ExpectFinishesAsReference(config, 7);
}

TEST_F(ResumeTest, AChangedBranchKeyBeginsABranchThatIsInTheGenerationBeforeItsFirstStep) {
  RunAndStop(1, 6);
  TrainConfig config = Config();
  config.optimizer.lr = 0.001;
  config.branch_keys = "optimizer.lr=0.001\n";
  StopAt observer(-1);
  const auto summary = Train(config, &observer);
  ASSERT_TRUE(summary.ok()) << summary.status();
  EXPECT_EQ(summary->branch, 2);
  EXPECT_EQ(summary->resumed_from_step, 7);
  EXPECT_NE(observer.notes.find("optimizer.lr"), std::string::npos) << observer.notes;
  const auto generations = storage::ListGenerations(run(), nullptr);
  ASSERT_TRUE(generations.ok());
  EXPECT_EQ(generations->back().branch, 2);
  EXPECT_EQ(generations->back().parent, "b01-s0000000007");
  const std::vector<std::string> lines = DigestLines(run()), expected = Reference();
  ASSERT_EQ(lines.size(), expected.size());
  for (size_t i = 0; i < lines.size(); ++i) EXPECT_EQ(lines[i] == expected[i], i <= 7) << i;
}

TEST_F(ResumeTest, AChangedFixedKeyIsRefusedAndNothingIsTouched) {
  RunAndStop(1, 6);
  const std::vector<std::string> before = DigestLines(run());
  TrainConfig config = Config();
  config.fixed_keys = "model.name=\"lenet5\"\n";
  const auto refused = Train(config);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.status().code(), StatusCode::kInvalidArgument) << refused.status();
  EXPECT_NE(refused.status().message().find("model.name"), std::string::npos) << refused.status();
  EXPECT_EQ(DigestLines(run()), before);
  ExpectFinishesAsReference(Config(), 7);
}

TEST_F(ResumeTest, TheBestCheckpointIsKept) {
  TrainConfig config = Config();
  config.epochs = 4;
  config.checkpoint.keep_last = 2;
  const auto summary = Train(config);
  ASSERT_TRUE(summary.ok()) << summary.status();
  const auto ids = storage::ListCheckpoints(run());
  ASSERT_TRUE(ids.ok());
  const auto last = storage::VerifyCheckpoint(run(), ids->back());
  ASSERT_TRUE(last.ok()) << last.status();
  const auto best = storage::CheckpointId::Parse(last->values.at("best_checkpoint"));
  ASSERT_TRUE(best.has_value());
  EXPECT_EQ(best->step % 11, 0) << "evaluations are at the ends of epochs";
  EXPECT_NE(std::find(ids->begin(), ids->end(), *best), ids->end());
  EXPECT_LE(ids->size(), 3u);
}

TEST_F(ResumeTest, AnotherMetricMayBecomeTheOneThatTheBestIsChosenBy) {
  TrainConfig config = Config();
  config.epochs = 3;
  config.checkpoint.keep_last = 9;
  ASSERT_TRUE(Train(config).ok());
  config.epochs = 4;
  config.eval.best = "loss";
  config.branch_keys = "eval.best=\"loss\"\n";
  const auto summary = Train(config);
  ASSERT_TRUE(summary.ok()) << summary.status();
  EXPECT_EQ(summary->branch, 2);
  const auto ids = storage::ListCheckpoints(run());
  ASSERT_TRUE(ids.ok());
  const auto last = storage::VerifyCheckpoint(run(), ids->back());
  ASSERT_TRUE(last.ok()) << last.status();
  const auto state = worker::TrainerState::FromBytes(last->trainer_state);
  ASSERT_TRUE(state.ok()) << state.status();
  // The last checkpoint is of the moment before the last evaluation.
  const auto rows = ResultRows(run());
  ASSERT_EQ(rows.size(), 4u);
  size_t best = 0;
  for (size_t i = 1; i < 3; ++i) {
    if (rows[i].at("val_loss") < rows[best].at("val_loss")) best = i;
  }
  EXPECT_EQ(state->entries.size(), 2u);
  EXPECT_EQ(state->Entry("best.loss"), rows[best].at("val_loss"));
  EXPECT_EQ(state->Entry("best_epoch"), static_cast<double>(best));
  EXPECT_EQ(storage::CheckpointId::Parse(last->values.at("best_checkpoint"))->step,
            static_cast<int64_t>(rows[best].at("step")));
}

TEST_F(ResumeTest, AMetricThatIsNoneIsRefusedWithThoseThereAre) {
  TrainConfig config = Config();
  config.eval.best = "acc7";
  const auto refused = Train(config);
  EXPECT_EQ(refused.status().code(), StatusCode::kInvalidArgument);
  EXPECT_NE(refused.status().message().find(
                "eval.best is 'acc7', which is no metric of the task 'classification'; there are "
                "acc1, acc5"),
            std::string::npos)
      << refused.status();
}

TEST_F(ResumeTest, AllReduceTrainsStopsAndGoesOnToo) {
  TrainConfig config = Config(2);
  config.sync = "allreduce";
  const std::vector<std::string> expected = RunDigests(config, folder_ / "whole");
  config.run.directory = run();
  StopAt observer(8);
  ASSERT_EQ(Train(config, &observer, &observer.stop).status().code(), StatusCode::kCancelled);
  const auto summary = Train(config);
  ASSERT_TRUE(summary.ok()) << summary.status();
  EXPECT_EQ(summary->sync, "allreduce");
  EXPECT_EQ(DigestLines(run()), expected) << "two ranks add in the same order as two ranks";
}

}  // namespace
}  // namespace lockstep::tests
