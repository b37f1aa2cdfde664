// SPDX-License-Identifier: Apache-2.0
// The state hash H is of everything that a later step reads: every block of every arena counts, and
// by the definition in docs/formats.md, written out here a second time.
#include <gtest/gtest.h>

#include "base/hash.h"
#include "comm/local/rank_threads.h"
#include "worker/model/testing/small_model.h"
#include "worker/step/parameter_update.h"

namespace lockstep::worker {
namespace {

constexpr int32_t kLanes = 4;

Deadline Late() { return Deadline::In(std::chrono::seconds(60)); }

class StateHashTest : public testing::TestWithParam<const char*> {
 protected:
  static SmallModel::Options Options() {
    SmallModel::Options options;
    options.optimizer = GetParam();
    options.lane_rows = {2};
    return options;
  }

  // Words that tell where they stand: slots are zeros in a fresh state, and equal blocks would hide
  // one another.
  static void Fill(float* data, int64_t elements, float first) {
    for (int64_t i = 0; i < elements; ++i) data[i] = first + static_cast<float>(i) / 1024.0f;
  }
  void FillState(const ParameterUpdate& update, ModelState* state) const {
    Fill(static_cast<float*>(state->parameters()), (*model_).space().elements(), 1.0f);
    Fill(static_cast<float*>(state->running()), (*model_).running_space().arena_elements(), -3.0f);
    for (size_t slot = 0; slot < Slots(); ++slot) {
      for (const int64_t block : update.OwnedBlocks()) {
        Fill(Slot(state, slot, block), Length(block),
             static_cast<float>(100 * (slot + 1)) + static_cast<float>(block));
      }
    }
  }

  size_t Slots() const { return (*model_).program().slots().size(); }
  int64_t Blocks() const { return static_cast<int64_t>((*model_).space().blocks().size()); }
  int64_t Length(int64_t block) const {
    return (*model_).space().blocks()[static_cast<size_t>(block)].length;
  }
  int64_t Offset(int64_t block) const {
    return (*model_).space().blocks()[static_cast<size_t>(block)].offset;
  }
  static float* Slot(ModelState* state, size_t slot, int64_t block) {
    return static_cast<float*>(state->SlotOfBlock(slot, block));
  }

  // Parameter blocks, running layers, the blocks of each slot; each hashed, then the hashes.
  uint64_t ByHand(ModelState* state) const {
    Hasher all;
    const auto add = [&](const float* data, int64_t elements) {
      all.UpdateU64(Hash64(data, static_cast<size_t>(elements) * sizeof(float)));
    };
    for (int64_t b = 0; b < Blocks(); ++b) {
      add(static_cast<const float*>(state->parameters()) + Offset(b), Length(b));
    }
    for (const comm::BlockSpan& layer : (*model_).running_space().blocks()) {
      add(static_cast<const float*>(state->running()) + layer.offset, layer.length);
    }
    for (size_t slot = 0; slot < Slots(); ++slot) {
      for (int64_t b = 0; b < Blocks(); ++b) add(Slot(state, slot, b), Length(b));
    }
    return all.Digest64();
  }

  SmallModel model_{Options()};
};

TEST_P(StateHashTest, IsThatOfItsDefinitionOnAnyNumberOfRanks) {
  uint64_t expected = 0;
  for (const int32_t ranks : {1, 3}) {
    comm::RunRanks(ranks, [&](comm::Communicator* c, Stream* stream) {
      ParameterUpdate update(model_.get(), c, stream, {.lanes = kLanes});
      ModelState state = model_.State(/*seed=*/1, update.OwnedBlocks());
      FillState(update, &state);
      const auto hash = update.StateHash(&state, Late());
      ASSERT_TRUE(hash.ok()) << hash.status();
      if (ranks == 1) expected = ByHand(&state);
      EXPECT_EQ(*hash, expected) << ranks << " ranks";
    });
  }
}

TEST_P(StateHashTest, ChangesWithTheFirstAndTheLastElementOfEveryBlock) {
  comm::RunRanks(1, [&](comm::Communicator* c, Stream* stream) {
    ParameterUpdate update(model_.get(), c, stream, {.lanes = kLanes});
    ModelState state = model_.State(/*seed=*/1, update.OwnedBlocks());
    FillState(update, &state);
    const auto hash = [&] {
      const auto found = update.StateHash(&state, Late());
      EXPECT_TRUE(found.ok()) << found.status();
      return found.ok() ? *found : 0;
    };
    const uint64_t before = hash();
    const auto expect_counts = [&](float* data, int64_t length, const std::string& what) {
      for (const int64_t at : {int64_t{0}, length - 1}) {
        const float former = data[at];
        data[at] = former + 1.0f;
        EXPECT_NE(hash(), before) << what << ", element " << at;
        data[at] = former;
      }
    };
    for (int64_t b = 0; b < Blocks(); ++b) {
      const std::string block = "block " + std::to_string(b);
      expect_counts(static_cast<float*>(state.parameters()) + Offset(b), Length(b), block);
      for (size_t slot = 0; slot < Slots(); ++slot) {
        expect_counts(Slot(&state, slot, b), Length(b), block + " of slot " + std::to_string(slot));
      }
    }
    for (const comm::BlockSpan& layer : (*model_).running_space().blocks()) {
      expect_counts(static_cast<float*>(state.running()) + layer.offset, layer.length,
                    "running state at " + std::to_string(layer.offset));
    }
    EXPECT_EQ(hash(), before);
  });
}

INSTANTIATE_TEST_SUITE_P(Optimizers, StateHashTest, testing::Values("sgd", "adam"));

}  // namespace
}  // namespace lockstep::worker
