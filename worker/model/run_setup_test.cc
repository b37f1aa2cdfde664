// SPDX-License-Identifier: Apache-2.0
// What a config and a dataset can disagree on is found before anything runs.
#include "worker/model/run_setup.h"

#include <gtest/gtest.h>

#include "storage/loader/testing/small_dataset.h"

namespace lockstep::worker {
namespace {

class RunSetupTest : public testing::Test {
 protected:
  TrainConfig Config() const {
    TrainConfig config;
    config.data.dataset = dataset_.directory();
    config.model.name = "mlp-784-128-64-10";
    config.batch.lanes = 4;
    config.batch.lane_batch = 3;
    config.eval.batch = 5;
    return config;
  }
  void ExpectRefused(const TrainConfig& config, const std::string& expected) const {
    const Result<RunSetup> setup = worker::SetUp(config);
    ASSERT_FALSE(setup.ok()) << expected;
    EXPECT_EQ(setup.status().code(), StatusCode::kInvalidArgument);
    EXPECT_NE(setup.status().message().find(expected), std::string::npos) << setup.status();
  }

  // 42 training samples: lanes of 10 or 11, 4 steps per epoch.
  storage::SmallDataset dataset_{"run-setup", 13, 42, 8};
};

TEST_F(RunSetupTest, CountsStepsAndAppliesMaxSteps) {
  TrainConfig config = Config();
  config.epochs = 3;
  EXPECT_EQ(worker::SetUp(config)->total_steps, 12);
  config.max_steps = 6;
  EXPECT_EQ(worker::SetUp(config)->total_steps, 6);
  config.max_steps = 100;
  EXPECT_EQ(worker::SetUp(config)->total_steps, 12);
  EXPECT_EQ(worker::SetUp(config)->steps_per_epoch, 4);
}

TEST_F(RunSetupTest, SaysItsPhasesAndServesAWishToStopInThem) {
  std::atomic<bool> stop{false};
  std::atomic<const char*> phase{"start"};
  ASSERT_TRUE(worker::SetUp(Config(), {&stop, &phase}).ok());
  EXPECT_STREQ(phase.load(), "compiling");
  stop = true;
  EXPECT_EQ(worker::SetUp(Config(), {&stop, &phase}).status().code(), StatusCode::kCancelled);
  EXPECT_STREQ(phase.load(), "opening the dataset");
}

TEST_F(RunSetupTest, CompilingServesAWishToStopBeforeEachPlan) {
  const auto setup = worker::SetUp(Config());
  ASSERT_TRUE(setup.ok()) << setup.status();
  const std::atomic<bool> stop{true};
  CompiledModel::Options options;
  options.lane_rows = {3};
  options.stop = &stop;
  const Schema ten = ImageAndLabel(std::vector<std::string>(10, "class"));
  auto program = MakeProgram(Config(), {.image = {28, 28, 1}, .schema = ten});
  ASSERT_TRUE(program.ok()) << program.status();
  const auto model = CompiledModel::Make(*std::move(program), setup->device.get(), options);
  EXPECT_EQ(model.status().code(), StatusCode::kCancelled);
}

TEST_F(RunSetupTest, RefusesMoreStepsThanTheRandomStreamsCanTellApart) {
  TrainConfig config = Config();
  config.epochs = int32_t{1} << 30;  // 2^32 steps: the last one still has a 32-bit number
  ASSERT_TRUE(worker::SetUp(config).ok()) << worker::SetUp(config).status();
  config.epochs += 1;
  ExpectRefused(config, "4294967300 steps");
  config.max_steps = 10;
  EXPECT_TRUE(worker::SetUp(config).ok());
}

TEST_F(RunSetupTest, RefusesEvaluationImagesOfASizeThatTheParametersDoNotFit) {
  TrainConfig config = Config();
  config.augment_train = {"pad:1", "normalise"};
  ExpectRefused(config, "the model needs one size of images");
  config.data.val.clear();
  EXPECT_TRUE(worker::SetUp(config).ok()) << "without evaluation nothing disagrees";
}

TEST_F(RunSetupTest, LanesAtOnceFollowCoresRanksAndLanes) {
  TrainConfig config = Config();
  const auto at_once = [&](int32_t cores, int32_t ranks, int32_t asked) {
    config.run.cores = cores;
    config.run.ranks = ranks;
    config.run.lanes_at_once = asked;
    return worker::SetUp(config)->lanes_at_once;
  };
  EXPECT_EQ(at_once(1, 1, 0), 1);
  EXPECT_EQ(at_once(3, 1, 0), 3);
  EXPECT_EQ(at_once(64, 1, 0), 4) << "no more than the lanes of a rank";
  EXPECT_EQ(at_once(4, 2, 0), 2);
  EXPECT_EQ(at_once(1, 4, 0), 1);
  EXPECT_EQ(at_once(1, 1, 3), 3);
}

TEST_F(RunSetupTest, PlannedMemoryNamesTheLargestTensorsOfTheLargestArena) {
  TrainConfig config = Config();
  config.model.name = "convnet-bn";
  config.data.val.clear();
  Result<RunSetup> setup = worker::SetUp(config);
  ASSERT_TRUE(setup.ok()) << setup.status();
  const MemoryReport training = PlannedMemory(config, *setup);
  EXPECT_TRUE(training.arena_is_a_lanes);
  EXPECT_FALSE(training.recompute);
  ASSERT_FALSE(training.largest.empty());
  EXPECT_LE(training.largest.size(), 5u);
  int64_t named = 0;
  for (const graph::PeakTensor& t : training.largest) named += t.bytes;
  EXPECT_GT(named, 0);
  EXPECT_LE(named, training.arena);

  config = Config();
  config.batch.lanes = 1;
  config.batch.lane_batch = 1;
  config.eval.batch = 10000;  // the test split at once, far more than a lane batch
  config.recompute = "1";
  setup = worker::SetUp(config);
  ASSERT_TRUE(setup.ok()) << setup.status();
  const MemoryReport evaluation = PlannedMemory(config, *setup);
  EXPECT_FALSE(evaluation.arena_is_a_lanes) << evaluation.largest[0].op;
  EXPECT_TRUE(evaluation.recompute);
}

TEST_F(RunSetupTest, FewerSamplesThanLanesAndOneLaneAreRuns) {
  TrainConfig config = Config();
  config.batch.lanes = 50;
  EXPECT_EQ(worker::SetUp(config)->steps_per_epoch, 1);
  config.batch.lanes = 1;
  EXPECT_EQ(worker::SetUp(config)->steps_per_epoch, 14);
}

}  // namespace
}  // namespace lockstep::worker
