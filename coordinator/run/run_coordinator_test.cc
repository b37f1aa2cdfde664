// SPDX-License-Identifier: Apache-2.0
// Who is let in, and what is refused, with a clock that stands still.
#include "coordinator/run/run_coordinator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "coordinator/run/testing/run_coordinator_fixture.h"
#include "storage/checkpoint/generation.h"

namespace lockstep::coordinator {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

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
