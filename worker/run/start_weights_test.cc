// SPDX-License-Identifier: Apache-2.0
#include "worker/run/start_weights.h"

#include <gtest/gtest.h>

#include "comm/local/rank_threads.h"
#include "storage/env/testing/scratch_directory.h"
#include "worker/model/testing/small_model.h"
#include "worker/model/weights.h"

namespace lockstep::worker {
namespace {

class StartWeightsTest : public testing::Test {
 protected:
  SmallModel model_{SmallModel::Options()};
  storage::ScratchDirectory scratch_;
  std::string path_ = scratch_ / "model.safetensors";
};

// Ranks 0 and 1 read files that differ in one element of one tensor, or the same file.
TEST_F(StartWeightsTest, RanksThatReadDifferentFilesFailTogether) {
  for (const bool differ : {false, true}) {
    ModelState one = model_.State(1);
    const std::string paths[] = {scratch_ / "one.safetensors", scratch_ / "other.safetensors"};
    ASSERT_TRUE(SaveWeights(*model_, &one, paths[0]).ok());
    if (differ) static_cast<float*>(one.RunningMean(*model_, 1))[2] = 1e-30f;
    ASSERT_TRUE(SaveWeights(*model_, &one, paths[1]).ok());
    comm::RunRanks(3, [&](comm::Communicator* c, Stream* stream) {
      ModelState state = model_.State(2);
      const Status status =
          StartFromWeights(*model_, {.weights = paths[c->rank() == Rank(1) ? 1 : 0]}, 5, c, stream,
                           Deadline::In(std::chrono::seconds(60)), &state)
              .status();
      EXPECT_EQ(status.ok(), !differ) << status;
      if (!differ) return;
      EXPECT_NE(status.message().find("give every rank the same file"), std::string::npos)
          << status;
    });
  }
}

TEST_F(StartWeightsTest, AFileThatOneRankLacksFailsThemAllAndNamesTheRank) {
  ModelState one = model_.State(1);
  ASSERT_TRUE(SaveWeights(*model_, &one, path_).ok());
  comm::RunRanks(2, [&](comm::Communicator* c, Stream* stream) {
    ModelState state = model_.State(2);
    const std::string path = c->rank() == Rank(1) ? scratch_ / "absent.safetensors" : path_;
    const Status status = StartFromWeights(*model_, {.weights = path}, 2, c, stream,
                                           Deadline::In(std::chrono::seconds(60)), &state)
                              .status();
    EXPECT_NE(status.message().find("rank 1: model.weights: "), std::string::npos) << status;
    EXPECT_NE(status.message().find("absent.safetensors"), std::string::npos) << status;
  });
}

TEST_F(StartWeightsTest, AWishToStopWhileOneRankReadsEndsThemAll) {
  ModelState one = model_.State(1);
  ASSERT_TRUE(SaveWeights(*model_, &one, path_).ok());
  comm::RunRanks(3, [&](comm::Communicator* c, Stream* stream) {
    ModelState state = model_.State(2);
    const auto look = [&](int64_t) {
      return c->rank() == Rank(1) ? Cancelled("stopped on request") : OkStatus();
    };
    const Status status = StartFromWeights(*model_, {.weights = path_}, 3, c, stream,
                                           Deadline::In(std::chrono::seconds(60)), &state, look)
                              .status();
    EXPECT_EQ(status.code(), StatusCode::kCancelled) << status;
  });
}

TEST_F(StartWeightsTest, SaysWhatWasLoadedAndWhatWasDrawn) {
  const SmallModel seven({.classes = 7});
  ModelState one = seven.State(1);
  ASSERT_TRUE(SaveWeights(*seven, &one, path_).ok());
  comm::RunRanks(1, [&](comm::Communicator* c, Stream* stream) {
    ModelState state = model_.State(2);
    const auto start = [&](bool replace_head) {
      return StartFromWeights(*model_, {.weights = path_, .replace_head = replace_head}, 2, c,
                              stream, Deadline::In(std::chrono::seconds(60)), &state);
    };
    EXPECT_NE(start(false).status().message().find("model.replace_head = true"), std::string::npos);
    const Result<std::string> note = start(true);
    ASSERT_TRUE(note.ok()) << note.status();
    EXPECT_NE(note->find(" are drawn by the seed"), std::string::npos) << *note;
    EXPECT_NE(note->find("tensors are from '" + path_), std::string::npos) << *note;
    ASSERT_TRUE(SaveWeights(*model_, &state, path_).ok());
    EXPECT_NE(start(true)->find("model.replace_head changes nothing"), std::string::npos);
  });
}

}  // namespace
}  // namespace lockstep::worker
