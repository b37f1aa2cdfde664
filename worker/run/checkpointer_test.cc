// SPDX-License-Identifier: Apache-2.0
// The state of any number of ranks, stored and read back on any other number.
#include "worker/run/checkpointer.h"

#include <gtest/gtest.h>

#include "base/fault_point.h"
#include "comm/local/rank_threads.h"
#include "comm/reduce/canonical_tree.h"
#include "storage/env/testing/scratch_directory.h"
#include "worker/model/testing/small_model.h"

namespace lockstep::worker {
namespace {

constexpr int32_t kLanes = 4;
constexpr int64_t kSamples = 130;

SmallModel::Options SmallModelOptions() {
  SmallModel::Options options;
  options.name = "convnet-bn";
  options.optimizer = "adam";
  options.lane_rows = {3};
  return options;
}

Deadline Late() { return Deadline::In(std::chrono::seconds(60)); }

class CheckpointerTest : public testing::Test {
 protected:
  CheckpointerTest() {
    config_.run.directory = scratch_.path();
    config_.checkpoint.max_missed = 1;
  }
  void TearDown() override { SetFaultsForTesting(""); }

  Checkpointer::Hooks Hooks() {
    return {[] { return OkStatus(); }, [] { return OkStatus(); },
            [](const storage::CheckpointManifest&, Duration took) {
              EXPECT_GT(took, Duration::zero());
            }};
  }
  storage::CheckpointManifest Manifest(int64_t step) {
    storage::CheckpointManifest manifest;
    manifest.id = {1, step};
    manifest.generation = 1;
    manifest.digest = static_cast<uint64_t>(step);
    return manifest;
  }

  static RunTables Tables(int64_t step) {
    RunTables tables = RunTables::WithoutRows({{.name = "m", .unit = ""}});
    tables.digests += std::to_string(step) + ",4004000000000000,2.5,0," +
                      Hex64(static_cast<uint64_t>(step)) + "\n";
    tables.results += "0,1,2.5,2.25,0.5,0.1,1234,5\n";
    return tables;
  }

  struct RankState {
    RankState(const CompiledModel& model, comm::Communicator* c, Stream* stream, bool allreduce,
              const TrainConfig* config, Checkpointer::Hooks hooks)
        : update(&model, c, stream,
                 ParameterUpdate::Options{.lanes = kLanes, .allreduce = allreduce}),
          consumption(SampleId(0), kSamples),
          checkpointer(config, &model, c, stream, &update, std::move(hooks)) {
      auto made = ModelState::Make(model, /*seed=*/5, update.OwnedBlocks());
      CHECK(made.ok()) << made.status();
      state = *std::move(made);
    }
    ParameterUpdate update;
    ModelState state;
    Consumption consumption;
    Checkpointer checkpointer;
  };

  // Numbers that tell slot, block and element.
  static void FillSlots(const CompiledModel& model, RankState* rank) {
    for (size_t slot = 0; slot < model.program().slots().size(); ++slot) {
      for (int64_t block : rank->update.OwnedBlocks()) {
        const graph::Block& span = model.space().blocks()[static_cast<size_t>(block)];
        const graph::Segment& segment = model.space().segments()[static_cast<size_t>(span.tensor)];
        auto* x = static_cast<float*>(rank->state.SlotOfBlock(slot, block));
        for (int64_t i = 0; i < span.length; ++i) {
          const int64_t at = span.offset + i;
          const bool padding = at >= segment.offset + segment.elements;
          x[i] = padding ? 0.0f : static_cast<float>(slot * 1000000 + static_cast<size_t>(at));
        }
      }
    }
  }

  void Store(int32_t ranks, bool allreduce, int64_t step) {
    comm::RunRanks(ranks, [&](comm::Communicator* c, Stream* stream) {
      RankState rank(*model_, c, stream, allreduce, &config_, Hooks());
      FillSlots(*model_, &rank);
      storage::StepBatch batch;  // rank r has consumed the samples that are r modulo W
      storage::LaneBatch lane;
      for (int64_t id = c->rank().value; id < kSamples - 1; id += ranks) {
        lane.ids.push_back(SampleId(static_cast<uint64_t>(id)));
      }
      batch.lanes.push_back(std::move(lane));
      rank.consumption.Consume(batch);
      ASSERT_TRUE(rank.checkpointer
                      .Take(Manifest(step), Tables(step), &rank.state, rank.consumption, Late())
                      .ok());
      ASSERT_TRUE(rank.checkpointer.Finish().ok());
      EXPECT_FALSE(rank.checkpointer.last_write_failed());
      const auto hash = rank.update.StateHash(&rank.state, Late());
      ASSERT_TRUE(hash.ok());
      if (c->rank() == Rank(0)) hash_ = *hash;
    });
  }

  void ExpectRestored(int32_t ranks, bool allreduce, int64_t step) {
    const auto manifest = storage::VerifyCheckpoint(scratch_.path(), {1, step});
    ASSERT_TRUE(manifest.ok()) << manifest.status();
    comm::RunRanks(ranks, [&](comm::Communicator* c, Stream* stream) {
      RankState rank(*model_, c, stream, allreduce, &config_, Hooks());
      auto fresh = ModelState::Make(*model_, /*seed=*/6, rank.update.OwnedBlocks());
      ASSERT_TRUE(fresh.ok());
      rank.state = *std::move(fresh);
      RunTables tables;
      const Status restored =
          rank.checkpointer.Restore(*manifest, {}, &rank.state, &rank.consumption, &tables);
      ASSERT_TRUE(restored.ok()) << restored;
      if (c->rank() == Rank(0)) {
        EXPECT_EQ(StatesOf(tables), StatesOf(Tables(step)));
      }
      const auto hash = rank.update.StateHash(&rank.state, Late());
      ASSERT_TRUE(hash.ok());
      EXPECT_EQ(*hash, hash_) << ranks << " ranks";
      const auto consumed = rank.consumption.Finish(c, stream, Late());
      ASSERT_TRUE(consumed.ok());
      EXPECT_EQ(consumed->consumed, kSamples - 1);
      EXPECT_FALSE(consumed->duplicates);
      EXPECT_FALSE(consumed->complete) << "one sample is left";
    });
  }

  storage::ScratchDirectory scratch_;
  TrainConfig config_;
  SmallModel model_{SmallModelOptions()};
  uint64_t hash_ = 0;
};

TEST_F(CheckpointerTest, AnyNumberOfRanksReadsWhatAnyOtherStored) {
  int64_t step = 0;
  for (int32_t from : {1, 3, 4}) {
    Store(from, /*allreduce=*/false, ++step);
    for (int32_t to : {1, 2, 4}) ExpectRestored(to, /*allreduce=*/false, step);
  }
}

TEST_F(CheckpointerTest, RanksThatAllHaveTheOptimizerStateStoreItOnce) {
  Store(2, /*allreduce=*/true, 1);
  ExpectRestored(3, /*allreduce=*/true, 1);
  ExpectRestored(2, /*allreduce=*/false, 1);
}

TEST_F(CheckpointerTest, AFailedWriteIsAWarningUntilTooManyHaveFailedInARow) {
  comm::RunRanks(1, [&](comm::Communicator* c, Stream* stream) {
    RankState rank(*model_, c, stream, false, &config_, Hooks());
    const auto take = [&](int64_t step) {
      const Status status = rank.checkpointer.Take(Manifest(step), Tables(step), &rank.state,
                                                   rank.consumption, Late());
      return status.ok() ? rank.checkpointer.Finish() : status;
    };
    ASSERT_TRUE(take(1).ok());
    SetFaultsForTesting("checkpoint.fsync:eio@1+");
    EXPECT_TRUE(take(2).ok()) << "one may be missed";
    EXPECT_TRUE(rank.checkpointer.last_write_failed());
    const Status second = take(3);
    EXPECT_EQ(second.code(), StatusCode::kIoError) << second;
    EXPECT_NE(second.message().find("2 checkpoints in a row"), std::string::npos) << second;
    SetFaultsForTesting("");
    EXPECT_TRUE(take(4).ok());
    EXPECT_FALSE(rank.checkpointer.last_write_failed());
  });
  const auto left = storage::ListCheckpoints(scratch_.path());
  ASSERT_TRUE(left.ok());
  EXPECT_EQ(*left, (std::vector<storage::CheckpointId>{{1, 1}, {1, 4}}));
  for (const storage::CheckpointId id : *left) {
    EXPECT_TRUE(storage::VerifyCheckpoint(scratch_.path(), id).ok()) << id.Name();
  }
}

TEST_F(CheckpointerTest, TablesThatAreNotOfTheManifestsStepAreRefused) {
  RunTables other = Tables(2);  // a checkpoint of step 1 whose last row is of step 2
  comm::RunRanks(1, [&](comm::Communicator* c, Stream* stream) {
    RankState rank(*model_, c, stream, false, &config_, Hooks());
    ASSERT_TRUE(
        rank.checkpointer.Take(Manifest(1), other, &rank.state, rank.consumption, Late()).ok());
    ASSERT_TRUE(rank.checkpointer.Finish().ok());
    const auto manifest = storage::VerifyCheckpoint(scratch_.path(), {1, 1});
    ASSERT_TRUE(manifest.ok()) << manifest.status();
    RunTables tables;
    EXPECT_EQ(
        rank.checkpointer.Restore(*manifest, {}, &rank.state, &rank.consumption, &tables).code(),
        StatusCode::kDataLoss);
  });
}

TEST_F(CheckpointerTest, ASupersededWriterLeavesNothingAndEnds) {
  comm::RunRanks(1, [&](comm::Communicator* c, Stream* stream) {
    Checkpointer::Hooks hooks = Hooks();
    hooks.may_commit = [] { return Superseded("g000002 is there"); };
    RankState rank(*model_, c, stream, false, &config_, std::move(hooks));
    ASSERT_TRUE(
        rank.checkpointer.Take(Manifest(1), Tables(1), &rank.state, rank.consumption, Late()).ok());
    EXPECT_EQ(rank.checkpointer.Finish().code(), StatusCode::kSuperseded);
  });
  EXPECT_TRUE(storage::ListCheckpoints(scratch_.path())->empty());
}

TEST_F(CheckpointerTest, AParameterThatIsNotFiniteIsNeverStored) {
  comm::RunRanks(1, [&](comm::Communicator* c, Stream* stream) {
    RankState rank(*model_, c, stream, false, &config_, Hooks());
    static_cast<float*>(rank.state.Parameter(*model_, 0))[1] = 1.0f / 0.0f;
    EXPECT_EQ(rank.checkpointer.Take(Manifest(1), Tables(1), &rank.state, rank.consumption, Late())
                  .code(),
              StatusCode::kNonFinite);
  });
  EXPECT_TRUE(storage::ListCheckpoints(scratch_.path())->empty());
}

}  // namespace
}  // namespace lockstep::worker
