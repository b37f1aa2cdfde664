// SPDX-License-Identifier: Apache-2.0
// Running statistics through a whole step: what lanes with too few elements leave alone, and what
// the others move.
#include <gtest/gtest.h>

#include <cmath>

#include "comm/local/rank_threads.h"
#include "worker/trainer/parameter_update.h"
#include "worker/trainer/small_model.h"

namespace lockstep::worker {
namespace {

constexpr int32_t kLanes = 2;

Deadline Late() { return Deadline::In(std::chrono::seconds(60)); }

// Images of 2 x 2: the first batch norm has 4 positions a row, the second, after a pool, one.
TEST(RunningStatistics, OfALayerWhoseLanesHaveOneElementStayAsTheyWere) {
  const SmallModel model({.image = {2, 2, 1}, .lane_rows = {1, 2}, .dropout = 0.0});
  comm::RunRanks(1, [&](comm::Communicator* c, Stream* stream) {
    ParameterUpdate update(model.get(), c, stream, {.lanes = kLanes});
    ModelState state = model.State(/*seed=*/1, update.OwnedBlocks());
    const auto workspaces = *LaneWorkspaces::Make(*model, 1);
    const auto runner =
        *LaneRunner::Make(model.get(), &state, workspaces.get(), {{0, kLanes}, kLanes, /*seed=*/0});
    const auto step = [&](int64_t first, int64_t second) {
      storage::StepBatch batch;
      batch.lanes.push_back(model.Batch(0, first));
      batch.lanes.push_back(model.Batch(1, second));
      ASSERT_TRUE(runner->Run(batch).ok());
      const auto outcome = update.Run(*runner, {.lr = 0.0, .applied_updates = 1}, &state, Late());
      ASSERT_TRUE(outcome.ok()) << outcome.status();
    };
    const auto values = [&](size_t layer, bool variance) {
      const auto channels = static_cast<size_t>((*model).program().running()[layer].channels);
      const auto* x = static_cast<const float*>(variance ? state.RunningVariance(*model, layer)
                                                         : state.RunningMean(*model, layer));
      return std::vector<float>(x, x + channels);
    };
    const auto mean_before = values(1, false), variance_before = values(1, true);
    const auto first_before = values(0, true);

    step(1, 1);
    EXPECT_EQ(values(1, false), mean_before) << "no lane had two elements a channel";
    EXPECT_EQ(values(1, true), variance_before);
    EXPECT_NE(values(0, true), first_before) << "8 elements a channel";

    step(2, 1);
    EXPECT_NE(values(1, true), variance_before) << "the lane of two rows has two elements";
    for (size_t layer : {0u, 1u}) {
      for (bool variance : {false, true}) {
        for (float x : values(layer, variance)) EXPECT_TRUE(std::isfinite(x)) << layer;
      }
    }
  });
}

}  // namespace
}  // namespace lockstep::worker
