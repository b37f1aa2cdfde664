// SPDX-License-Identifier: Apache-2.0
#include "worker/measure/synthetic_steps.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace lockstep::worker {
namespace {

TrainConfig ConfigFor(const std::string& model) {
  TrainConfig config;
  config.model.name = model;
  config.batch = {.lanes = 3, .lane_batch = 4, .lane_threads = 1};
  config.optimizer.lr = 0.01;
  return config;
}

struct Outcome {
  std::vector<double> losses;
  uint64_t state = 0;
};

Outcome RunThree(TrainConfig config, int32_t lanes_at_once, bool profile = false) {
  config.run.lanes_at_once = lanes_at_once;
  const auto setup = SetUpWithoutData(config, {8, 8, 1}, 10, profile);
  EXPECT_TRUE(setup.ok()) << setup.status();
  const auto steps = SyntheticSteps::Make(&config, &*setup);
  EXPECT_TRUE(steps.ok()) << steps.status();
  Outcome outcome;
  for (int i = 0; i < 3; ++i) {
    const auto timing = (*steps)->Run();
    EXPECT_TRUE(timing.ok()) << timing.status();
    outcome.losses.push_back(timing->loss);
  }
  outcome.state = *(*steps)->StateHash();
  return outcome;
}

TEST(SyntheticStepsTest, StepsTrain) {
  for (const char* optimizer : {"sgd", "adam"}) {
    TrainConfig config = ConfigFor("convnet-bn");
    config.optimizer.name = optimizer;
    const Outcome outcome = RunThree(config, 1);
    EXPECT_LT(outcome.losses[2], outcome.losses[0])
        << optimizer << ": one batch is learnt by heart";
  }
}

TEST(SyntheticStepsTest, TheBitsDoNotDependOnWhatRunsAtOnceOrIsMeasured) {
  const TrainConfig config = ConfigFor("convnet-bn");
  const Outcome one = RunThree(config, 1);
  EXPECT_EQ(RunThree(config, 3).state, one.state);
  EXPECT_EQ(RunThree(config, 2, /*profile=*/true).state, one.state);
  TrainConfig other = config;
  other.seed = 2;
  EXPECT_NE(RunThree(other, 1).state, one.state) << "the seed makes weights and images";
}

TEST(SyntheticStepsTest, ALossThatIsNotFiniteNamesTheLayer) {
  TrainConfig config = ConfigFor("mlp-784-128-64-10");
  config.optimizer.lr = 1e30;
  const auto setup = SetUpWithoutData(config, {28, 28, 1}, 10, false);
  ASSERT_TRUE(setup.ok()) << setup.status();
  const auto steps = SyntheticSteps::Make(&config, &*setup);
  ASSERT_TRUE(steps.ok()) << steps.status();
  Status status;
  for (int i = 0; i < 5 && status.ok(); ++i) status = (*steps)->Run().status();
  EXPECT_EQ(status.code(), StatusCode::kNonFinite) << status;
}

TEST(SyntheticStepsTest, MemoryIsWhatThePlanSays) {
  TrainConfig config = ConfigFor("convnet-bn");
  config.run.lanes_at_once = 2;
  const auto setup = SetUpWithoutData(config, {8, 8, 1}, 10, false);
  ASSERT_TRUE(setup.ok()) << setup.status();
  const auto steps = SyntheticSteps::Make(&config, &*setup);
  ASSERT_TRUE(steps.ok()) << steps.status();
  const MemoryReport planned = PlannedMemory(config, *setup), made = (*steps)->memory();
  EXPECT_EQ(made.parameters, planned.parameters);
  EXPECT_EQ(made.gradients, planned.gradients);
  EXPECT_EQ(made.lanes_at_once, 2);
  EXPECT_GE(made.arenas, planned.arenas) << "the lanes' arenas and small buffers";
  EXPECT_EQ(made.batches, 3 * 4 * (8 * 8 * 4 + 4)) << "pixels and labels";
  EXPECT_EQ(planned.batches, kBatchesHeld * made.batches);
}

TEST(SetUpWithoutDataTest, RecomputesWhereTheRecipeSaysSo) {
  TrainConfig config = ConfigFor("convnet-bn");
  config.recompute = "blocks";
  const auto setup = SetUpWithoutData(config, {8, 8, 1}, 10, false);
  ASSERT_TRUE(setup.ok()) << setup.status();
  const auto& nodes = setup->model->Lane(config.batch.lane_batch).plan().nodes;
  EXPECT_TRUE(std::any_of(nodes.begin(), nodes.end(),
                          [](const graph::PlanNode& node) { return node.recomputed; }));
}

TEST(SetUpWithoutDataTest, RefusesWhatTrainingRefuses) {
  TrainConfig config = ConfigFor("no-such-model");
  EXPECT_EQ(SetUpWithoutData(config, {8, 8, 1}, 10, false).status().code(), StatusCode::kNotFound);
  config = ConfigFor("lenet5");
  config.run.ranks = 4;
  EXPECT_EQ(SetUpWithoutData(config, {28, 28, 1}, 10, false).status().code(),
            StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace lockstep::worker
