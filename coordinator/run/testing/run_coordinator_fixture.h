// SPDX-License-Identifier: Apache-2.0
// For tests of RunCoordinator: a coordinator whose clock stands still unless a test moves it, over
// a scratch directory, and what ranks say to it.
#pragma once

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/pulse.h"
#include "coordinator/run/run_coordinator.h"
#include "storage/checkpoint/generation.h"
#include "storage/checkpoint/testing/made_checkpoint.h"
#include "storage/env/testing/scratch_directory.h"

namespace lockstep::coordinator {

using std::chrono::milliseconds;
using std::chrono::seconds;

// A process that, once it is told to, holds the run directory until it is killed. It is forked
// before the test has threads: a thread that holds a lock of the allocator at that moment would
// leave it locked in the child for ever.
class OtherHolder {
 public:
  explicit OtherHolder(const std::string& run_directory) {
    CHECK(::pipe(go_) == 0 && ::pipe(ready_) == 0);
    pid_ = ::fork();
    if (pid_ != 0) return;
    char byte;
    if (::read(go_[0], &byte, 1) != 1) ::_exit(1);
    storage::GenerationInfo info;
    info.fixed_keys = "model.name=lenet5\n";
    info.branch_keys = "optimizer.lr=0.1\n";
    const auto held = storage::Generation::Claim(run_directory, info, {});
    if (!held.ok() || *held == nullptr || ::write(ready_[1], "x", 1) != 1) ::_exit(1);
    for (;;) ::pause();
  }
  ~OtherHolder() {
    Kill();
    for (const int end : {go_[0], go_[1], ready_[0], ready_[1]}) ::close(end);
  }
  OtherHolder(const OtherHolder&) = delete;
  OtherHolder& operator=(const OtherHolder&) = delete;

  // Returns once the process holds the run directory.
  void Take() {
    ::close(ready_[1]);
    ready_[1] = -1;
    char byte = 'x';
    CHECK(::write(go_[1], &byte, 1) == 1 && ::read(ready_[0], &byte, 1) == 1)
        << "the other process could not take the generation";
  }
  void Kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }

 private:
  int go_[2], ready_[2];
  pid_t pid_ = 0;
};

class RunCoordinatorTest : public ::testing::Test {
 protected:
  void SetUp() override { Restart(); }

  // A coordinator that knows nothing of the former one.
  void Restart() {
    coordinator_.reset();
    RunCoordinatorOptions options;
    options.clock = &clock_;
    options.pulse = &pulse_;
    options.own_thread = false;
    coordinator_ = std::make_unique<RunCoordinator>(options);
  }

  comm::RegisterRequest Request(int32_t rank, int32_t world_size, int64_t start = 0) const {
    comm::RegisterRequest request;
    request.member = {.rank = Rank(rank),
                      .world_size = world_size,
                      .host = "node",
                      .pid = 100 + rank + 1000 * start,
                      .build = "0123456789abcdef",  // of MadeCheckpoint
                      .hardware = "cpu-x86-64",
                      .fingerprint = 7};
    request.run = run_;
    request.run.run_directory = scratch_.path();
    return request;
  }

  // Registers all ranks, has the decision made, and gives every rank's reply.
  std::vector<Result<comm::RegisterReply>> Gather(int32_t world_size, int64_t start = 0) {
    for (int32_t rank = 0; rank < world_size; ++rank) {
      const auto reply = coordinator_->Register(Request(rank, world_size, start));
      if (!reply.ok()) return {reply};
      EXPECT_FALSE(reply->accepted);
    }
    coordinator_->Tick();
    std::vector<Result<comm::RegisterReply>> replies;
    for (int32_t rank = 0; rank < world_size; ++rank) {
      replies.push_back(coordinator_->Register(Request(rank, world_size, start)));
    }
    return replies;
  }

  comm::Assignment Start(int32_t world_size, int64_t start = 0) {
    const auto replies = Gather(world_size, start);
    EXPECT_TRUE(replies[0].ok()) << replies[0].status();
    if (!replies[0].ok()) return {};
    EXPECT_TRUE(replies[0]->accepted) << replies[0]->note;
    generation_ = replies[0]->assignment.generation;
    return replies[0]->assignment;
  }

  Status RefusedStart() {
    const auto replies = Gather(1);
    EXPECT_FALSE(replies[0].ok());
    return replies[0].status();
  }

  Status Beat(int32_t rank, std::vector<comm::StepDigest> digests = {}) {
    const auto reply = coordinator_->Heartbeat({.generation = generation_,
                                                .rank = Rank(rank),
                                                .phase = "forward",
                                                .step = 17,
                                                .digests = std::move(digests)});
    EXPECT_TRUE(reply.ok()) << reply.status();
    return reply.ok() ? reply->stop : reply.status();
  }

  Status LeaveWith(int32_t rank, const Status& status = OkStatus()) {
    return coordinator_->Leave(
        {.generation = generation_, .rank = Rank(rank), .status = status, .step = 20});
  }

  // Time goes by; those ranks beat.
  void Pass(Duration time, const std::set<int32_t>& beating = {}) {
    for (Duration passed{}; passed < time; passed += milliseconds(500)) {
      clock_.Advance(milliseconds(500));
      for (const int32_t rank : beating) (void)Beat(rank);
      coordinator_->Tick();
    }
  }

  void EndWell(int32_t world_size) {
    for (int32_t rank = 0; rank < world_size; ++rank) EXPECT_TRUE(LeaveWith(rank).ok());
    EXPECT_TRUE(coordinator_->WaitUntilEveryoneLeft(Deadline::In(seconds(20))));
  }

  void WriteCheckpoint(int32_t branch, int64_t step) {
    const auto written = storage::MadeCheckpoint({branch, step}).Write(scratch_.path());
    ASSERT_TRUE(written.ok()) << written.status();
  }

  const storage::ScratchDirectory scratch_;
  OtherHolder other_{scratch_.path()};
  HeldClock clock_;
  Pulse pulse_{&clock_};
  comm::RunInfo run_ = {.run_directory = {},
                        .fixed_keys = "model.name=lenet5\n",
                        .branch_keys = "optimizer.lr=0.1\n",
                        .recipe_hash = 1,
                        .dataset_digest = Hash128("dataset"),
                        .samples = 1000,
                        .shard_size = 16,
                        .window_shards = 2,
                        .lane_batch = 5,
                        .lanes = 8,
                        .seed = 3,
                        .total_steps = 1000};
  std::unique_ptr<RunCoordinator> coordinator_;
  int64_t generation_ = 0;
};

}  // namespace lockstep::coordinator
