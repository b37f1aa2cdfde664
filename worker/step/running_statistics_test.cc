// SPDX-License-Identifier: Apache-2.0
// Running statistics through a whole step: what lanes with too few elements leave alone, and what
// the others move.
#include <gtest/gtest.h>

#include <cmath>

#include "comm/local/rank_threads.h"
#include "worker/model/testing/small_model.h"
#include "worker/step/parameter_update.h"

namespace lockstep::worker {
namespace {

constexpr int32_t kLanes = 2;

Deadline Late() { return Deadline::In(std::chrono::seconds(60)); }

// The last stages of a residual network are one pixel wide here: one element a row.
TEST(RunningStatistics, OfALayerWhoseLanesHaveOneElementStayAsTheyWere) {
  const SmallModel model({.name = "resnet18", .image = {16, 16, 3}, .lane_rows = {1, 2}});
  const size_t last = (*model).program().running().size() - 1;
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
      const auto outcome =
          update.Run(*runner, 0, {.lr = 0.0, .applied_updates = {1}}, &state, Late());
      ASSERT_TRUE(outcome.ok()) << outcome.status();
    };
    const auto values = [&](size_t layer) {
      const auto channels = (*model).program().running()[layer].channels;
      std::vector<float> all;
      for (const void* x :
           {state.RunningMean(*model, layer), state.RunningVariance(*model, layer)}) {
        const auto* first = static_cast<const float*>(x);
        all.insert(all.end(), first, first + channels);
      }
      return all;
    };
    const auto last_before = values(last), first_before = values(0);

    step(1, 1);
    EXPECT_EQ(values(last), last_before) << "no lane had two elements a channel";
    EXPECT_NE(values(0), first_before);

    step(2, 1);
    EXPECT_NE(values(last), last_before) << "the lane of two rows has two elements";
    for (size_t layer = 0; layer <= last; ++layer) {
      for (float x : values(layer)) ASSERT_TRUE(std::isfinite(x)) << layer;
    }
  });
}

}  // namespace
}  // namespace lockstep::worker
