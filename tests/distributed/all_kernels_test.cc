// SPDX-License-Identifier: Apache-2.0
// Laws 1 and 3 with the kernels users have: ResNet-18 with batch norm, fused ops, augmentation and
// partial batches, on oneDNN and own kernels, one thread per lane and two.
#include <gtest/gtest.h>

#include "tests/distributed/small_runs.h"

namespace lockstep::tests {
namespace {

using worker::TrainConfig;

class AllKernelsTest : public testing::TestWithParam<int32_t> {
 protected:
  void SetUp() override { ASSERT_TRUE(MakeSmallDataset({}, folder_ / "data").ok()); }

  TrainConfig Config(const char* model = "resnet18") {
    TrainConfig config = SmallConfig(folder_ / "data", folder_ / "unused", model, 4, 6);
    config.kernels = "auto";
    config.batch.lane_threads = GetParam();
    config.augment_train = {"random-crop:28:pad=2", "hflip", "normalise"};
    config.loss.options.Set("label_smoothing", 0.1);
    config.epochs = 1;
    config.max_steps = 3;
    config.eval.batch = 7;
    return config;
  }

  std::vector<std::string> Run(const TrainConfig& config) {
    return RunDigests(config, folder_ / ("run" + std::to_string(runs_++)));
  }

  TestFolder folder_;
  int runs_ = 0;
};

TEST_P(AllKernelsTest, SlowDigestsOfResNet18DependOnNeitherRanksNorCores) {
  TrainConfig config = Config();
  const std::vector<std::string> expected = Run(config);
  for (int32_t ranks = 2; ranks <= 4; ++ranks) {
    config.run.ranks = ranks;
    EXPECT_EQ(Run(config), expected) << ranks << " ranks";
  }
  config.run.ranks = 1;
  for (int32_t cores : {1, 2, 8}) {
    config.run.cores = cores;
    EXPECT_EQ(Run(config), expected) << cores << " cores";
  }
}

// The network's 1x1 convolutions are made as matrix products.
TEST_P(AllKernelsTest, SlowDigestsOfResNet50DoNotDependOnRanks) {
  TrainConfig config = Config("resnet50");
  config.max_steps = 1;
  const std::vector<std::string> expected = Run(config);
  config.run.ranks = 2;
  EXPECT_EQ(Run(config), expected) << "2 ranks";
}

TEST_P(AllKernelsTest, SlowDigestsOfResNet18AreThoseOfRecomputedBlocksAndOfPoisonedBuffers) {
  TrainConfig config = Config();
  config.max_steps = 2;
  const std::vector<std::string> expected = Run(config);
  config.poison = true;
  EXPECT_EQ(Run(config), expected) << "poisoned";
  config.recompute = "blocks";
  EXPECT_EQ(Run(config), expected) << "recomputed and poisoned";
}

TEST_P(AllKernelsTest, AreOtherBitsThanTheReferences) {
  TrainConfig config = Config();
  config.max_steps = 1;
  const std::vector<std::string> expected = Run(config);
  config.kernels = "reference";
  config.batch.lane_threads = 1;
  EXPECT_NE(Run(config), expected) << "the kernels were never run";
}

INSTANTIATE_TEST_SUITE_P(Threads, AllKernelsTest, testing::Values(1, 2),
                         [](const auto& info) { return "T" + std::to_string(info.param); });

}  // namespace
}  // namespace lockstep::tests
