// SPDX-License-Identifier: Apache-2.0
// How a membership ends: who is told what when a rank fails, falls silent or leaves, and when the
// next one may begin.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/process.h"
#include "coordinator/run/run_coordinator.h"
#include "coordinator/run/testing/run_coordinator_fixture.h"

namespace lockstep::coordinator {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

TEST_F(RunCoordinatorTest, AWishToStopOfOneRankReachesTheOthers) {
  Start(2);
  const auto beat = [&](int32_t rank, bool stop_wanted) {
    const auto reply = coordinator_->Heartbeat(
        {.generation = generation_, .rank = Rank(rank), .stop_wanted = stop_wanted});
    EXPECT_TRUE(reply.ok() && reply->stop.ok());
    return reply.ok() && reply->stop_wanted;
  };
  EXPECT_FALSE(beat(0, false));
  EXPECT_TRUE(beat(1, true));
  EXPECT_TRUE(beat(0, false));
}

TEST_F(RunCoordinatorTest, SilentRankEndsTheRunForAllWithWhatWasLastHeard) {
  Start(3);
  Pass(seconds(9), {0, 1, 2});
  EXPECT_FALSE(coordinator_->over());
  Pass(seconds(9), {0, 1});
  EXPECT_TRUE(Beat(0).ok());
  Pass(seconds(2), {0, 1});
  const Status told = Beat(0);
  EXPECT_EQ(told.code(), StatusCode::kUnavailable);
  EXPECT_THAT(told.message(), AllOf(HasSubstr("rank 2 (node, pid 102)"), HasSubstr("10.5 s"),
                                    HasSubstr("phase 'forward' at step 17")));
  EXPECT_EQ(Beat(1).message(), told.message());
  EXPECT_EQ(coordinator_->OverStatus().message(), told.message());
  EXPECT_FALSE(coordinator_->finished());
}

TEST_F(RunCoordinatorTest, SilenceWhileTheCoordinatorItselfStoodStillDoesNotCount) {
  Start(2);
  clock_.Advance(seconds(100));
  coordinator_->Tick();
  EXPECT_FALSE(coordinator_->over());
  EXPECT_TRUE(Beat(0).ok());
}

TEST_F(RunCoordinatorTest, ACoordinatorThatStoodStillSaysSoWhereItFindsARankSilentAfterwards) {
  Start(2);
  pulse_.Beat();
  clock_.Advance(seconds(15));
  pulse_.Beat();
  Pass(seconds(11), {0});
  EXPECT_THAT(Beat(0).message(),
              AllOf(HasSubstr("rank 1 (node, pid 101) has been silent for"),
                    HasSubstr("itself stood still for 15.0 s"), HasSubstr("pid")));
}

TEST_F(RunCoordinatorTest, FailureOfOneRankIsToldToTheOthersWithItsCode) {
  Start(2);
  EXPECT_TRUE(LeaveWith(1, NonFinite("step 20: NaN")).ok());
  const Status told = Beat(0);
  EXPECT_EQ(told.code(), StatusCode::kNonFinite);
  EXPECT_EQ(told.message(), "rank 1 (node, pid 101) ended: step 20: NaN");
  EXPECT_FALSE(coordinator_->WaitUntilEveryoneLeft(Deadline::In(seconds(0))));
  EXPECT_TRUE(LeaveWith(0, told).ok());
  EXPECT_TRUE(coordinator_->WaitUntilEveryoneLeft(Deadline::In(seconds(20))));
  EXPECT_EQ(coordinator_->OverStatus().message(), told.message());
}

TEST_F(RunCoordinatorTest, RunIsFinishedWhenAllLeaveWellAndIsGivenBack) {
  Start(2);
  EXPECT_TRUE(LeaveWith(0).ok());
  EXPECT_FALSE(coordinator_->over());
  Pass(seconds(30), {1});
  EXPECT_FALSE(coordinator_->over()) << "a rank that left well is not missed";
  EXPECT_TRUE(LeaveWith(1).ok());
  EXPECT_TRUE(coordinator_->WaitUntilEveryoneLeft(Deadline::In(seconds(20))));
  EXPECT_TRUE(coordinator_->finished());
  EXPECT_TRUE(coordinator_->OverStatus().ok());
  // The next membership, of the same processes, takes the next generation.
  EXPECT_EQ(Start(2).generation, 2);
}

TEST_F(RunCoordinatorTest, StopIsToldToEveryone) {
  coordinator_->Stop(Cancelled("nobody there"));
  EXPECT_FALSE(coordinator_->over());
  Start(2);
  coordinator_->Stop(Cancelled("the coordinator was stopped"));
  EXPECT_EQ(Beat(0).code(), StatusCode::kCancelled);
  EXPECT_EQ(Beat(1).code(), StatusCode::kCancelled);
}

TEST_F(RunCoordinatorTest, KilledWorldMakesRoomForTheNextOne) {
  Start(2);
  Pass(seconds(1), {0, 1});
  ASSERT_TRUE(coordinator_->Register(Request(0, 2, 1)).ok());
  EXPECT_FALSE(coordinator_->Register(Request(0, 2, 1))->accepted);
  const int64_t former = generation_;
  Pass(seconds(3));
  EXPECT_EQ(Start(2, 1).generation, former + 1);
  generation_ = former;
  EXPECT_EQ(Beat(0).code(), StatusCode::kSuperseded);
  EXPECT_EQ(LeaveWith(0).code(), StatusCode::kSuperseded);
  EXPECT_EQ(
      coordinator_
          ->Commit(
              {.generation = former, .rank = Rank(0), .checkpoint = "b01-s0000000010", .step = 10})
          .code(),
      StatusCode::kSuperseded);
}

TEST_F(RunCoordinatorTest, WorldThatWasLostMakesRoomOnceItsRanksAreGone) {
  Start(2);
  Pass(seconds(11), {0});
  EXPECT_TRUE(coordinator_->over());
  const auto early = coordinator_->Register(Request(0, 1, 1));
  ASSERT_TRUE(early.ok());
  EXPECT_THAT(early->note, HasSubstr("waiting for rank 0 (node, pid 100)"));
  EXPECT_TRUE(LeaveWith(0, Unavailable("as told")).ok());
  EXPECT_EQ(Start(1, 1).generation, 2);
}

TEST_F(RunCoordinatorTest, StepDoneAgainWithAnotherDigestStopsEveryone) {
  Start(2);
  EXPECT_TRUE(Beat(0, {{1, 11, 1}, {2, 22, 2}}).ok());
  Restart();
  Start(2);
  EXPECT_TRUE(Beat(0, {{1, 11, 1}}).ok());
  const Status conflict = Beat(0, {{2, 23, 2}});
  EXPECT_EQ(conflict.code(), StatusCode::kDataLoss);
  EXPECT_THAT(conflict.message(),
              AllOf(HasSubstr("step 2 "), HasSubstr(Hex64(22)), HasSubstr(Hex64(23))));
  EXPECT_EQ(Beat(1).message(), conflict.message());
  EXPECT_EQ(coordinator_->OverStatus().code(), StatusCode::kDataLoss);
}

// A process of this machine, under the name of a rank.
class RankProcess {
 public:
  RankProcess() : pid_(::fork()) {
    if (pid_ == 0) {
      for (;;) ::pause();
    }
  }
  ~RankProcess() { Kill(); }
  RankProcess(const RankProcess&) = delete;
  RankProcess& operator=(const RankProcess&) = delete;

  void Describe(comm::MemberInfo* member) const {
    const ProcessIdentity own = OwnProcess();
    member->host = own.host;
    member->boot_id = own.boot_id;
    member->pid_namespace = own.pid_namespace;
    member->pid = pid_;
    member->process_start = ProcessStart(pid_);
  }
  void Kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }

 private:
  pid_t pid_;
};

class RunCoordinatorWithProcesses : public RunCoordinatorTest {
 protected:
  void SetUp() override {
    RunCoordinatorTest::SetUp();
    comm::RegisterRequest second = Request(1, 2);
    process_.Describe(&second.member);
    for (int round = 0; round < 2; ++round) {
      ASSERT_TRUE(coordinator_->Register(Request(0, 2)).ok());
      ASSERT_TRUE(coordinator_->Register(second).ok());
      coordinator_->Tick();
    }
    const auto first = coordinator_->Register(Request(0, 2));
    ASSERT_TRUE(first.ok() && first->accepted);
    generation_ = first->assignment.generation;
    pulse_.Beat();
    EXPECT_TRUE(Beat(1).ok());
  }

  RankProcess process_;
};

TEST_F(RunCoordinatorWithProcesses, RankWhoseProcessDiedIsLostBeforeItIsSilent) {
  process_.Kill();
  clock_.Advance(milliseconds(500));
  coordinator_->Tick();
  EXPECT_THAT(Beat(0).message(), AllOf(HasSubstr("rank 1"), HasSubstr("was killed or crashed"),
                                       HasSubstr("last heard of 0.5 s ago in phase 'forward' at "
                                                 "step 17")));
}

TEST_F(RunCoordinatorWithProcesses, RankThatEndedWhileTheCoordinatorStoodStillIsNotToBlame) {
  clock_.Advance(seconds(20));
  process_.Kill();
  coordinator_->Tick();
  EXPECT_THAT(
      Beat(0).message(),
      AllOf(HasSubstr("rank 1"), HasSubstr("has ended, after the process of the coordinator"),
            HasSubstr("itself stood still for 20.0 s"), Not(HasSubstr("crashed"))));
}

}  // namespace
}  // namespace lockstep::coordinator
