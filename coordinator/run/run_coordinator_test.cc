// SPDX-License-Identifier: Apache-2.0
// Memberships with a clock that stands still, in a scratch directory: who is let in, where a run
// goes on, and who is told what when somebody fails.
#include "coordinator/run/run_coordinator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <set>

#include "base/file.h"
#include "storage/checkpoint/checkpoint.h"
#include "storage/checkpoint/testing/made_checkpoint.h"
#include "storage/env/testing/scratch_directory.h"

namespace lockstep::coordinator {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

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

TEST_F(RunCoordinatorTest, NewRunBeginsOnceAllRanksAreThere) {
  const auto first = coordinator_->Register(Request(2, 3));
  ASSERT_TRUE(first.ok());
  EXPECT_THAT(first->note, HasSubstr("ranks 0, 1 of 3"));
  coordinator_->Tick();
  EXPECT_FALSE(coordinator_->Register(Request(2, 3))->accepted);
  EXPECT_FALSE(FileExists(scratch_ / "generations"));
  const auto replies = Gather(3);
  ASSERT_EQ(replies.size(), 3u);
  int64_t lane = 0;
  for (const auto& reply : replies) {
    ASSERT_TRUE(reply.ok() && reply->accepted);
    EXPECT_EQ(reply->assignment.generation, 1);
    EXPECT_EQ(reply->assignment.branch, 1);
    EXPECT_EQ(reply->assignment.step, 0);
    EXPECT_EQ(reply->assignment.checkpoint, "");
    EXPECT_EQ(reply->assignment.lanes.begin, lane);
    EXPECT_FALSE(reply->assignment.shards.empty());
    EXPECT_FALSE(reply->notes.empty());
    lane = reply->assignment.lanes.end;
  }
  EXPECT_EQ(lane, 8);
  const auto generations = storage::ListGenerations(scratch_.path(), nullptr);
  ASSERT_TRUE(generations.ok());
  ASSERT_EQ(generations->size(), 1u);
  EXPECT_EQ(generations->front().fixed_keys, run_.fixed_keys);
  EXPECT_EQ(generations->front().recipe_hash, 1u);
}

TEST_F(RunCoordinatorTest, AskingAgainGivesTheSameAssignment) {
  Start(2);
  const auto again = coordinator_->Register(Request(1, 2));
  ASSERT_TRUE(again.ok() && again->accepted);
  EXPECT_EQ(again->assignment.generation, generation_);
  EXPECT_EQ(again->assignment.lanes, (Range{4, 8}));
}

TEST_F(RunCoordinatorTest, RankThatDiffersFromRankZeroEndsTheAttemptForAll) {
  ASSERT_TRUE(coordinator_->Register(Request(0, 3)).ok());
  ASSERT_TRUE(coordinator_->Register(Request(1, 3)).ok());
  comm::RegisterRequest other = Request(2, 3);
  other.member.build = "another";
  const Status refused = coordinator_->Register(other).status();
  EXPECT_EQ(refused.code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(refused.message(), AllOf(HasSubstr("0123456789abcdef"), HasSubstr("another")));
  for (const int32_t rank : {0, 1}) {
    const Status told = coordinator_->Register(Request(rank, 3)).status();
    EXPECT_EQ(told.message(), refused.message());
  }
  EXPECT_TRUE(coordinator_->over());
  EXPECT_FALSE(coordinator_->finished());
  EXPECT_FALSE(FileExists(scratch_ / "generations"));
  EXPECT_TRUE(coordinator_->WaitUntilEveryoneLeft(Deadline::In(seconds(20))));
  Start(3, /*start=*/1);
}

TEST_F(RunCoordinatorTest, RankThatCameBeforeRankZeroIsComparedToo) {
  comm::RegisterRequest other = Request(1, 2);
  other.run.fixed_keys = "model.name=mlp\n";
  ASSERT_TRUE(coordinator_->Register(other).ok());
  const Status refused = coordinator_->Register(Request(0, 2)).status();
  EXPECT_EQ(refused.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(refused.message(),
              AllOf(HasSubstr("rank 1"), HasSubstr("model.name: lenet5"), HasSubstr("mlp")));
  EXPECT_EQ(coordinator_->Register(other).status().message(), refused.message());
}

TEST_F(RunCoordinatorTest, SecondProcessOfALivingRankIsRefusedAfterAWhile) {
  Start(2);
  const auto second = coordinator_->Register(Request(1, 2, /*start=*/1));
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_FALSE(second->accepted);
  EXPECT_THAT(second->note, HasSubstr("rank 1 (node, pid 101)"));
  Pass(seconds(6), {0, 1});
  const Status refused = coordinator_->Register(Request(1, 2, 1)).status();
  EXPECT_EQ(refused.code(), StatusCode::kAlreadyExists);
  EXPECT_THAT(refused.message(), AllOf(HasSubstr("pid 1101"), HasSubstr("pid 101")));
  EXPECT_TRUE(Beat(0).ok());
  EXPECT_TRUE(Beat(1).ok());
}

TEST_F(RunCoordinatorTest, MissingRanksAreNamedWhenGatheringTakesTooLong) {
  for (Duration passed{}; passed <= seconds(60); passed += milliseconds(500)) {
    ASSERT_TRUE(coordinator_->Register(Request(1, 4)).ok());
    clock_.Advance(milliseconds(500));
    coordinator_->Tick();
  }
  const Status status = coordinator_->Register(Request(1, 4)).status();
  EXPECT_EQ(status.code(), StatusCode::kDeadlineExceeded);
  EXPECT_THAT(status.message(), HasSubstr("ranks 0, 2, 3 of 4"));
}

TEST_F(RunCoordinatorTest, RankThatDiedWhileOthersGatheredIsReplaced) {
  ASSERT_TRUE(coordinator_->Register(Request(1, 2)).ok());
  Pass(seconds(3));
  ASSERT_TRUE(coordinator_->Register(Request(0, 2, 1)).ok());
  coordinator_->Tick();
  EXPECT_FALSE(coordinator_->Register(Request(0, 2, 1))->accepted);
  Start(2, 1);
}

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

TEST_F(RunCoordinatorTest, MessagesOfAnUnknownGenerationOrRankAreRefused) {
  Start(2);
  const auto beat = [&](int64_t generation, int32_t rank) {
    return coordinator_->Heartbeat({.generation = generation, .rank = Rank(rank)}).status();
  };
  EXPECT_EQ(beat(generation_ + 1, 0).code(), StatusCode::kUnavailable);
  EXPECT_EQ(beat(generation_, 2).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(
      coordinator_->Heartbeat({.generation = generation_, .rank = Rank(1), .digests = {{1, 1, 1}}})
          .status()
          .code(),
      StatusCode::kInvalidArgument);
  EXPECT_EQ(
      coordinator_->Commit({.generation = generation_, .checkpoint = "b01-s0000000010", .step = 11})
          .code(),
      StatusCode::kInvalidArgument);
  EXPECT_TRUE(coordinator_->Leave({.generation = 0, .rank = Rank(1)}).ok());
  EXPECT_TRUE(Beat(1).ok()) << "a rank that was never let in ends nobody's run";
}

TEST_F(RunCoordinatorTest, RunGoesOnFromItsCheckpoint) {
  WriteCheckpoint(1, 230);
  WriteCheckpoint(1, 120);
  const comm::Assignment assignment = Start(2);
  EXPECT_EQ(assignment.checkpoint, "checkpoints/b01-s0000000230");
  EXPECT_EQ(assignment.step, 230);
  EXPECT_EQ(assignment.digest, storage::MadeCheckpoint({1, 230}).manifest().digest);
  EXPECT_EQ(assignment.branch, 1);
  EXPECT_FALSE(assignment.finished);
  const auto generations = storage::ListGenerations(scratch_.path(), nullptr);
  EXPECT_EQ(generations->back().parent, "b01-s0000000230");
  EXPECT_EQ(generations->back().parent_digest, assignment.digest);
}

TEST_F(RunCoordinatorTest, ARunThatHasComeFurtherThanTheEndIsRefused) {
  WriteCheckpoint(1, 120);
  WriteCheckpoint(1, 230);
  run_.total_steps = 120;
  EXPECT_EQ(RefusedStart().code(), StatusCode::kInvalidArgument);
}

TEST_F(RunCoordinatorTest, ACheckpointOfTheLastStepIsTheEnd) {
  WriteCheckpoint(1, 120);
  run_.total_steps = 120;
  const comm::Assignment assignment = Start(1);
  EXPECT_EQ(assignment.step, 120);
  EXPECT_TRUE(assignment.finished);
  EXPECT_TRUE(assignment.shards.empty());
}

TEST_F(RunCoordinatorTest, NewBranchIsInAGenerationFileBeforeItsFirstStep) {
  WriteCheckpoint(1, 120);
  run_.branch_keys = "optimizer.lr=0.2\n";
  EXPECT_EQ(Start(1).branch, 2);
  const auto generations = storage::ListGenerations(scratch_.path(), nullptr);
  EXPECT_EQ(generations->back().branch, 2);
  EXPECT_EQ(generations->back().parent, "b01-s0000000120");
}

TEST_F(RunCoordinatorTest, RefusedResumeTouchesNothing) {
  WriteCheckpoint(1, 120);
  run_.fixed_keys = "model.name=mlp\n";
  EXPECT_EQ(RefusedStart().code(), StatusCode::kInvalidArgument);
  EXPECT_TRUE(coordinator_->over());
  Restart();
  run_.fixed_keys = "model.name=lenet5\n";
  run_.dataset_digest = {};
  EXPECT_EQ(RefusedStart().code(), StatusCode::kInvalidArgument);
  EXPECT_FALSE(FileExists(scratch_ / "generations"));
  EXPECT_TRUE(FileExists(scratch_ / "checkpoints/b01-s0000000120"));
}

TEST_F(RunCoordinatorTest, OverwriteRemovesEveryCheckpointAfterTheClaim) {
  WriteCheckpoint(1, 120);
  WriteCheckpoint(2, 230);
  run_.overwrite = true;
  const comm::Assignment assignment = Start(1);
  EXPECT_EQ(assignment.branch, 3);
  EXPECT_EQ(assignment.checkpoint, "");
  EXPECT_TRUE(storage::ListCheckpoints(scratch_.path())->empty());
  EXPECT_TRUE(storage::ListGenerations(scratch_.path(), nullptr)->back().overwrite);
  EndWell(1);
  run_.overwrite = false;
  EXPECT_EQ(Start(1).branch, 3);
}

TEST_F(RunCoordinatorTest, RunOfALivingHolderIsWaitedForUntilItIsDead) {
  other_.Take();
  const auto replies = Gather(1);
  ASSERT_TRUE(replies[0].ok()) << replies[0].status();
  EXPECT_FALSE(replies[0]->accepted);
  EXPECT_THAT(replies[0]->note, HasSubstr("which holds the run"));
  other_.Kill();
  coordinator_->Tick();
  const auto reply = coordinator_->Register(Request(0, 1));
  ASSERT_TRUE(reply.ok() && reply->accepted);
  EXPECT_EQ(reply->assignment.generation, 2);
}

TEST_F(RunCoordinatorTest, TakeoverWaitsForNobody) {
  other_.Take();
  run_.takeover = true;
  EXPECT_EQ(Start(1).generation, 2);
}

TEST_F(RunCoordinatorTest, RankLostWhileAHolderIsWaitedForEndsTheAttempt) {
  other_.Take();
  EXPECT_FALSE(Gather(1)[0]->accepted);
  Pass(seconds(11));
  EXPECT_EQ(coordinator_->OverStatus().code(), StatusCode::kUnavailable);
}

TEST_F(RunCoordinatorTest, TakenOverRunStopsItsRanks) {
  Start(1);
  const std::string path = scratch_.path();
  Restart();  // the generation ends in an orderly way
  Start(1);
  auto other = storage::Generation::Claim(path, {}, {});
  ASSERT_TRUE(other.ok() && *other != nullptr);
  const Deadline deadline = Deadline::In(seconds(30));
  while (Beat(0).ok()) {
    coordinator_->Tick();
    ASSERT_FALSE(deadline.Passed());
  }
  EXPECT_EQ(Beat(0).code(), StatusCode::kSuperseded);
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

TEST_F(RunCoordinatorTest, ThreadOfItsOwnDoesAllThis) {
  RunCoordinatorOptions options;
  RunCoordinator coordinator(options);
  const Deadline deadline = Deadline::In(seconds(60));
  Result<comm::RegisterReply> reply = coordinator.Register(Request(0, 1));
  while (reply.ok() && !reply->accepted && !deadline.Passed()) {
    reply = coordinator.Register(Request(0, 1));
  }
  ASSERT_TRUE(reply.ok()) << reply.status();
  ASSERT_TRUE(reply->accepted) << reply->note;
  const int64_t generation = reply->assignment.generation;
  EXPECT_TRUE(coordinator.Heartbeat({.generation = generation})->stop.ok());
  EXPECT_TRUE(coordinator.Leave({.generation = generation}).ok());
  EXPECT_TRUE(coordinator.WaitUntilEveryoneLeft(deadline));
  EXPECT_TRUE(coordinator.finished());
}

}  // namespace
}  // namespace lockstep::coordinator
