// SPDX-License-Identifier: Apache-2.0
// Where a run goes on: from which checkpoint, on which branch, and after whom.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "coordinator/run/run_coordinator.h"
#include "coordinator/run/testing/run_coordinator_fixture.h"
#include "storage/checkpoint/checkpoint.h"
#include "storage/checkpoint/generation.h"

namespace lockstep::coordinator {
namespace {

using ::testing::HasSubstr;

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

}  // namespace
}  // namespace lockstep::coordinator
