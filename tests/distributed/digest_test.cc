// SPDX-License-Identifier: Apache-2.0
// Law 1: the number of ranks, of cores and of lanes at once does not change the bits of any step.
#include <gtest/gtest.h>

#include "tests/distributed/small_runs.h"
#include "worker/report/explain.h"

namespace lockstep::tests {
namespace {

using worker::TrainConfig;

class DigestTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(MakeSmallDataset({}, folder_ / "data").ok()); }

  // Batch norm, dropout, augmentation, partial batches, a lane count of choice.
  TrainConfig Everything(int32_t lanes) {
    TrainConfig config = SmallConfig(folder_ / "data", folder_ / "unused", "convnet-bn", lanes, 7);
    config.augment_train = {"random-crop:28:pad=2", "hflip", "normalise"};
    config.loss.options.Set("label_smoothing", 0.1);
    return config;
  }

  std::vector<std::string> Run(const TrainConfig& config) {
    return RunDigests(config, folder_ / ("run" + std::to_string(runs_++)));
  }

  TestFolder folder_;
  int runs_ = 0;
};

TEST_F(DigestTest, IsEqualForEveryNumberOfRanksOfEightLanes) {
  TrainConfig config = Everything(8);
  const std::vector<std::string> expected = Run(config);
  for (int32_t ranks = 2; ranks <= 8; ++ranks) {
    config.run.ranks = ranks;
    EXPECT_EQ(Run(config), expected) << ranks << " ranks";
  }
}

TEST_F(DigestTest, IsEqualForEveryCoreBudgetAndNumberOfLanesAtOnce) {
  TrainConfig config = Everything(8);
  config.run.cores = 1;
  const std::vector<std::string> expected = Run(config);
  for (int32_t cores : {2, 8}) {
    config.run.cores = cores;
    EXPECT_EQ(Run(config), expected) << cores << " cores";
  }
  config.run.cores = 0;
  for (int32_t at_once : {1, 3, 8}) {
    config.run.lanes_at_once = at_once;
    for (int32_t ranks : {1, 3}) {
      config.run.ranks = ranks;
      EXPECT_EQ(Run(config), expected) << at_once << " lanes at once on " << ranks << " ranks";
    }
  }
}

TEST_F(DigestTest, IsEqualWhereRanksDoNotDivideTwelveOrFiveLanes) {
  for (int32_t lanes : {12, 5}) {
    TrainConfig config = Everything(lanes);
    config.epochs = 1;
    const std::vector<std::string> expected = Run(config);
    for (int32_t ranks : {2, 3, 4, 5, 7, 12}) {
      if (ranks > lanes) continue;
      config.run.ranks = ranks;
      EXPECT_EQ(Run(config), expected) << lanes << " lanes on " << ranks << " ranks";
    }
  }
}

TEST_F(DigestTest, IsEqualUnderADecisionOfAllRanks) {
  TrainConfig config = Everything(8);
  config.optimizer.name = "adam";
  config.optimizer.lr = 1e-3;
  config.optimizer.clip_norm = 0.5;
  config.epochs = 1;
  const std::vector<std::string> expected = Run(config);
  for (int32_t ranks : {3, 8}) {
    config.run.ranks = ranks;
    EXPECT_EQ(Run(config), expected) << ranks << " ranks";
  }
  config.optimizer.clip_norm = 1e9;
  config.run.ranks = 1;
  const std::vector<std::string> unclipped = Run(config);
  EXPECT_NE(unclipped, expected) << "0.5 must have clipped something";
  config.optimizer.clip_norm = 0;
  EXPECT_EQ(Run(config), unclipped) << "a clip that never binds changes no bit";
}

TEST_F(DigestTest, IsEqualWithDeadBuffersPoisoned) {
  TrainConfig config = Everything(4);
  config.epochs = 1;
  const std::vector<std::string> expected = Run(config);
  config.poison = true;
  EXPECT_EQ(Run(config), expected);
}

TEST_F(DigestTest, IsEqualWithActivationsRecomputed) {
  TrainConfig config = Everything(4);
  config.batch.lane_batch = 80;
  config.epochs = 3;
  const std::vector<std::string> expected = Run(config);
  for (const char* recompute : {"blocks", "4"}) {  // a lane takes 6 MiB
    config.recompute = recompute;
    const Result<std::string> explained = worker::Explain(config);
    ASSERT_TRUE(explained.ok()) << explained.status();
    EXPECT_NE(explained->find("FLOPs per lane again"), std::string::npos) << *explained;
    for (bool poison : {false, true}) {
      config.poison = poison;
      EXPECT_EQ(Run(config), expected) << recompute;
    }
  }
}

TEST_F(DigestTest, OfAStepDoesNotDependOnWhereTheRunEnds) {
  TrainConfig config = Everything(4);
  config.epochs = 1;
  std::vector<std::string> expected = Run(config);
  ASSERT_GT(expected.size(), 6u);
  expected.resize(6);  // the header and five steps
  config.max_steps = 5;
  EXPECT_EQ(Run(config), expected);
}

TEST_F(DigestTest, ChangesWithEverythingThatIsMathematics) {
  TrainConfig config = Everything(4);
  config.max_steps = 3;
  const std::vector<std::string> expected = Run(config);
  EXPECT_EQ(Run(config), expected) << "the same config twice";
  const auto changed = [&](auto&& change) {
    TrainConfig other = config;
    change(other);
    const std::vector<std::string> lines = Run(other);
    EXPECT_EQ(lines.size(), expected.size());
    EXPECT_NE(lines.back(), expected.back());
  };
  changed([](TrainConfig& c) { c.seed = 2; });
  changed([](TrainConfig& c) { c.optimizer.lr *= 1.0000001; });
  changed([](TrainConfig& c) { c.optimizer.options.Set("momentum", 0.8); });
  changed([](TrainConfig& c) { c.loss.options.Set("label_smoothing", 0.0); });
  changed([](TrainConfig& c) { c.augment_train = {"normalise"}; });
  changed([](TrainConfig& c) { c.data.window_shards = 3; });
  changed([](TrainConfig& c) { c.model.options.Set("dropout", 0.0); });
  changed([](TrainConfig& c) { c.recipe_hash = 1; });
}

}  // namespace
}  // namespace lockstep::tests
