// SPDX-License-Identifier: Apache-2.0
// A run and its coordinator at moments that only a coordinator can choose: a newer generation that
// begins between the last checkpoint and the end, and one that falls silent.
#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mutex.h"
#include "comm/local/local_world.h"
#include "coordinator/run/run_coordinator.h"
#include "storage/checkpoint/generation.h"
#include "tests/distributed/coordinator_between.h"
#include "tests/distributed/small_runs.h"

namespace lockstep::tests {
namespace {

using worker::TrainConfig;

class CoordinationTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(MakeSmallDataset({.train = 64, .test = 16, .side = 6}, folder_ / "data").ok());
    config_ = SmallConfig(folder_ / "data", run(), "mlp-784-128-64-10", 2, 8);
  }
  std::string run() const { return folder_ / "run"; }

  // One rank, whose calls go through `between_`.
  Result<worker::TrainSummary> TrainAlone() {
    comm::LocalWorld world(1);
    const std::unique_ptr<comm::Communicator> rank = world.MakeRank(Rank(0));
    return worker::Train(config_, {.ranks = {rank.get()}, .coordinator = &between_}, nullptr);
  }

  TestFolder folder_;
  TrainConfig config_;
  coordinator::RunCoordinator coordinator_{coordinator::RunCoordinatorOptions{}};
  CoordinatorBetween between_{&coordinator_};
};

TEST_F(CoordinationTest, TheEndOfAZombieWritesOverNothingOfItsSuccessor) {
  std::unique_ptr<storage::Generation> successor;
  between_.on_commit = [&](const comm::CommitRequest& request) {
    if (request.step != 8) return;  // the last one
    auto claimed = storage::Generation::Claim(run(), {}, {}, std::nullopt);
    ASSERT_TRUE(claimed.ok() && *claimed != nullptr) << claimed.status();
    successor = *std::move(claimed);
    for (const char* name : {"/model.safetensors", "/summary.json"}) {
      ASSERT_TRUE(WriteFileAtomic(run() + name, "the successor's").ok());
    }
  };
  const auto ended = TrainAlone();
  ASSERT_NE(successor, nullptr);
  ASSERT_FALSE(ended.ok());
  EXPECT_EQ(ended.status().code(), StatusCode::kSuperseded) << ended.status();
  for (const char* name : {"/model.safetensors", "/summary.json"}) {
    const Result<std::string> text = ReadFile(run() + name);
    EXPECT_TRUE(text.ok() && *text == "the successor's") << name;
  }
}

// A rank judges the silence after each call that was not answered, so every such call but the last
// was made within the limit of the first, however slow the machine is. Half of it is to spare for
// standstills of this process, which do not count.
TEST_F(CoordinationTest, ASilentCoordinatorIsWaitedForAsLongAsTheRecipeSays) {
  config_.run.heartbeat_limit = 3;
  config_.epochs = 1 << 28;  // until it is ended
  config_.digest_every = 1000;
  config_.data.val = "";
  config_.checkpoint.every_steps = 1 << 30;
  double limit_told = 0;
  Mutex mutex;
  std::vector<TimePoint> unanswered;
  between_.on_register = [&](const comm::RegisterRequest& request) {
    limit_told = request.run.heartbeat_limit;
  };
  between_.on_heartbeat = [&](const comm::HeartbeatRequest& request) -> Status {
    MutexLock lock(&mutex);
    if (request.step == 0 && unanswered.empty()) return OkStatus();
    unanswered.push_back(Clock::Real().Now());
    return DeadlineExceeded("no answer");
  };
  const auto ended = TrainAlone();
  ASSERT_FALSE(ended.ok());
  EXPECT_EQ(ended.status().code(), StatusCode::kUnavailable) << ended.status();
  EXPECT_EQ(limit_told, 3.0) << "the coordinator judges a rank's silence by the same limit";
  MutexLock lock(&mutex);
  ASSERT_GE(unanswered.size(), 2u);
  EXPECT_LT(unanswered[unanswered.size() - 2] - unanswered.front(),
            std::chrono::milliseconds(4500));
}

}  // namespace
}  // namespace lockstep::tests
