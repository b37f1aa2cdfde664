// SPDX-License-Identifier: Apache-2.0
// Checkpoints whose every hash is right and whose contents are wrong: what the bytes cannot tell,
// the state hash and the exactly-once record must.
#include <gtest/gtest.h>

#include <bit>
#include <deque>
#include <set>

#include "base/file.h"
#include "storage/checkpoint/checkpoint.h"
#include "tests/distributed/small_runs.h"
#include "worker/run/evaluate.h"
#include "worker/step/trainer_state.h"

namespace lockstep::tests {
namespace {

using storage::CheckpointId;
using storage::CheckpointManifest;
using worker::TrainConfig;

// A checkpoint's tensors, to be changed.
class Contents {
 public:
  Contents(const std::string& run, const CheckpointManifest& manifest) {
    std::set<std::string> stems;
    for (const storage::CheckpointFile& file : manifest.files) {
      stems.insert(file.name.substr(0, file.name.find('-')));
    }
    for (const std::string& stem : stems) {
      const auto read = storage::CheckpointTensors::Read(run, manifest, stem);
      EXPECT_TRUE(read.ok()) << read.status();
      if (!read.ok()) continue;
      storage::TensorGroup group{stem, {}};
      for (storage::TensorView tensor : read->tensors()) {
        bytes_.emplace_back(static_cast<const char*>(tensor.data),
                            static_cast<size_t>(tensor.type.bytes()));
        tensor.data = bytes_.back().data();
        group.tensors.push_back(std::move(tensor));
      }
      groups_.push_back(std::move(group));
    }
  }

  // The bytes of the first tensor of a group.
  template <typename T>
  T* First(const std::string& stem) {
    for (const storage::TensorGroup& group : groups_) {
      if (group.stem == stem) {
        return const_cast<T*>(static_cast<const T*>(group.tensors.front().data));
      }
    }
    ADD_FAILURE() << "no group " << stem;
    return nullptr;
  }
  int64_t Elements(const std::string& stem) const {
    for (const storage::TensorGroup& group : groups_) {
      if (group.stem == stem) return group.tensors.front().type.shape.elements();
    }
    return 0;
  }
  const std::vector<storage::TensorGroup>& groups() const { return groups_; }

 private:
  std::deque<std::string> bytes_;
  std::vector<storage::TensorGroup> groups_;
};

class ForgedCheckpoint : public testing::Test {
 protected:
  // 11 steps an epoch; the first half of the first epoch is done.
  void SetUp() override {
    ASSERT_TRUE(MakeSmallDataset({.side = 6}, folder_ / "data").ok());
    config_ = SmallConfig(folder_ / "data", folder_ / "run", "mlp-784-128-64-10", 4, 8);
    config_.optimizer.name = "adam";
    config_.optimizer.lr = 0.002;
    config_.checkpoint.every_steps = 5;
    config_.max_steps = 5;
    ASSERT_TRUE(Train(config_).ok());
    config_.max_steps = 0;
  }

  // Stores the checkpoint again with something changed, and every size and hash as it should be.
  void Forge(const std::function<void(CheckpointManifest*, Contents*)>& change) {
    const std::string run = config_.run.directory;
    auto manifest = storage::VerifyCheckpoint(run, CheckpointId{1, 5});
    ASSERT_TRUE(manifest.ok()) << manifest.status();
    Contents contents(run, *manifest);
    change(&*manifest, &contents);
    ASSERT_TRUE(RemoveTree(run + "/checkpoints/" + manifest->id.Name()).ok());
    const auto written = storage::WriteCheckpoint(run, *manifest, contents.groups(), {});
    ASSERT_TRUE(written.ok()) << written.status();
    ASSERT_TRUE(storage::VerifyCheckpoint(run, manifest->id).ok());
  }

  void ExpectRefused(StatusCode code, const std::string& words) {
    for (const int32_t ranks : {1, 3}) {
      config_.run.ranks = ranks;
      const auto summary = Train(config_);
      ASSERT_FALSE(summary.ok()) << ranks << " ranks";
      EXPECT_EQ(summary.status().code(), code) << summary.status();
      EXPECT_NE(summary.status().message().find(words), std::string::npos) << summary.status();
    }
  }

  TestFolder folder_;
  TrainConfig config_;
};

TEST_F(ForgedCheckpoint, StoredAgainUnchangedIsGoneOnWith) {
  Forge([](CheckpointManifest*, Contents*) {});
  const auto summary = Train(config_);
  ASSERT_TRUE(summary.ok()) << summary.status();
  EXPECT_EQ(summary->resumed_from_step, 5);
}

TEST_F(ForgedCheckpoint, WithAnotherStateHashIsRefused) {
  Forge([](CheckpointManifest* manifest, Contents*) { manifest->state_hash ^= 1; });
  ExpectRefused(StatusCode::kDataLoss, "was written of");
}

TEST_F(ForgedCheckpoint, WithAnotherParameterIsRefused) {
  Forge([](CheckpointManifest*, Contents* contents) { *contents->First<uint32_t>("model") ^= 1; });
  ExpectRefused(StatusCode::kDataLoss, "was written of");
}

TEST_F(ForgedCheckpoint, WithAnotherElementOfEitherSlotOfAdamIsRefused) {
  for (const char* slot : {"exp_avg", "exp_avg_sq"}) {
    const auto flip = [&](CheckpointManifest*, Contents* contents) {
      *contents->First<uint32_t>(slot) ^= 1;
    };
    Forge(flip);
    ExpectRefused(StatusCode::kDataLoss, "was written of");
    Forge(flip);  // and back
  }
}

TEST_F(ForgedCheckpoint, WithATrainerStateOfAnotherStepIsRefused) {
  Forge([](CheckpointManifest* manifest, Contents*) {
    worker::TrainerState state = *worker::TrainerState::FromBytes(manifest->trainer_state);
    ++state.global_step;
    manifest->trainer_state = state.ToBytes();
  });
  ExpectRefused(StatusCode::kDataLoss, "trainer state of step 6");
}

TEST_F(ForgedCheckpoint, OfTheVersionBeforeIsRefusedWithARemedyAndItsWeightsAreEvaluated) {
  Forge([](CheckpointManifest* manifest, Contents*) { manifest->version = 2; });
  ExpectRefused(StatusCode::kFailedPrecondition,
                "has format version 2, of an earlier Lockstep: this program evaluates its weights");
  config_.run.ranks = 1;
  const auto evaluation =
      worker::EvaluateWeights(config_, config_.run.directory + "/checkpoints/b01-s0000000005");
  EXPECT_TRUE(evaluation.ok()) << evaluation.status();
  config_.run.overwrite = true;
  const auto anew = Train(config_);
  ASSERT_TRUE(anew.ok()) << anew.status();
  EXPECT_EQ(anew->resumed_from_step, 0);
}

// The record of what an epoch has consumed: a bit a sample, then the count and whether anything was
// consumed twice.
TEST_F(ForgedCheckpoint, ThatClaimsASampleTheEpochHasYetToConsumeFailsItsProof) {
  Forge([](CheckpointManifest*, Contents* contents) {
    auto* words = contents->First<uint64_t>("progress");
    const int bit = std::countr_one(words[0]);
    ASSERT_LT(bit, 64);
    words[0] |= uint64_t{1} << bit;
    ++words[contents->Elements("progress") - 2];
  });
  ExpectRefused(StatusCode::kInternal, "did not consume every sample exactly once");
}

TEST_F(ForgedCheckpoint, ThatForgetsASampleTheEpochHasConsumedFailsItsProof) {
  Forge([](CheckpointManifest*, Contents* contents) {
    auto* words = contents->First<uint64_t>("progress");
    ASSERT_NE(words[0], 0u);
    words[0] &= words[0] - 1;
    --words[contents->Elements("progress") - 2];
  });
  ExpectRefused(StatusCode::kInternal, "did not consume every sample exactly once");
}

}  // namespace
}  // namespace lockstep::tests
