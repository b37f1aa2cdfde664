// SPDX-License-Identifier: Apache-2.0
#include "worker/model/model_state.h"

#include <gtest/gtest.h>

#include "worker/model/testing/small_model.h"

namespace lockstep::worker {
namespace {

std::string Bytes(const void* data, int64_t elements) {
  return {static_cast<const char*>(data), static_cast<size_t>(elements) * sizeof(float)};
}

TEST(ModelState, FirstValuesAreAFunctionOfTheSeedAndNotOfOwnership) {
  const SmallModel model({});
  const int64_t n = (*model).space().elements();
  const ModelState none = model.State(1), some = model.State(1, {0, 2, 3}), other = model.State(2);
  EXPECT_TRUE(Bytes(none.parameters(), n) == Bytes(some.parameters(), n));
  EXPECT_TRUE(Bytes(none.parameters(), n) != Bytes(other.parameters(), n));
}

TEST(ModelState, PaddingIsZeroAndRunningStatisticsAreZeroMeanAndUnitVariance) {
  const SmallModel model({});
  ModelState state = model.State(1);
  const float* parameters = static_cast<const float*>(state.parameters());
  for (const graph::Segment& segment : (*model).space().segments()) {
    for (int64_t i = segment.elements; i < segment.padded_elements; ++i) {
      EXPECT_EQ(parameters[segment.offset + i], 0.0f) << segment.tensor << " " << i;
    }
  }
  ASSERT_EQ((*model).program().running().size(), 2u);
  const RunningSpace& space = (*model).running_space();
  std::vector<float> expected(static_cast<size_t>(space.elements()), 0.0f);
  for (size_t layer = 0; layer < 2; ++layer) {
    for (int64_t c = 0; c < (*model).program().running()[layer].channels; ++c) {
      expected[static_cast<size_t>(space.VarianceAt(layer) + c)] = 1.0f;
      EXPECT_EQ(static_cast<float*>(state.RunningMean(*model, layer))[c], 0.0f);
      EXPECT_EQ(static_cast<float*>(state.RunningVariance(*model, layer))[c], 1.0f);
    }
  }
  EXPECT_TRUE(Bytes(state.running(), space.elements()) == Bytes(expected.data(), space.elements()));
}

TEST(ModelState, OwnedBlocksHaveDisjointZeroedSlots) {
  const SmallModel model({.optimizer = "adam"});
  ModelState state = model.State(1, {1, 4, 5});
  for (size_t slot = 0; slot < 2; ++slot) {
    for (int64_t block : {1, 4, 5}) {
      float* memory = static_cast<float*>(state.SlotOfBlock(slot, block));
      for (int64_t i = 0; i < (*model).space().blocks()[static_cast<size_t>(block)].length; ++i) {
        ASSERT_EQ(memory[i], 0.0f) << slot << " " << block << " " << i;
        memory[i] = 1.0f;
      }
    }
  }
}

TEST(ModelState, DrawingEndsAsCancelledWhereAStopIsWished) {
  const SmallModel model({});
  std::atomic<bool> stop{false};
  EXPECT_TRUE(ModelState::Make(*model, /*seed=*/1, {}, &stop).ok());
  stop = true;
  EXPECT_EQ(ModelState::Make(*model, /*seed=*/1, {}, &stop).status().code(),
            StatusCode::kCancelled);
  EXPECT_TRUE(ModelState::Make(*model, std::nullopt, {}, &stop).ok()) << "nothing is drawn";
}

TEST(ModelStateDeathTest, ASlotOfAnotherRanksBlockIsABrokenInvariant) {
  const SmallModel model({});
  ModelState state = model.State(1, {1});
  EXPECT_DEATH(state.SlotOfBlock(0, 2), "block 2 is not owned");
}

}  // namespace
}  // namespace lockstep::worker
