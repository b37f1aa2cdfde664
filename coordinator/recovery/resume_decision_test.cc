// SPDX-License-Identifier: Apache-2.0
#include "coordinator/recovery/resume_decision.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coordinator/recovery/key_difference.h"

namespace lockstep::coordinator {
namespace {

using storage::CheckpointId;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kFixed[] = "batch.lanes=8\nmodel.name=mlp\n";
constexpr char kBranch[] = "optimizer.lr=0.1\n";

comm::RunInfo SomeRun() {
  comm::RunInfo run;
  run.run_directory = "/runs/a";
  run.fixed_keys = kFixed;
  run.branch_keys = kBranch;
  run.dataset_digest = {1, 2};
  run.total_steps = 1000;
  return run;
}

comm::MemberInfo SomeMember() {
  comm::MemberInfo member;
  member.build = "build-1";
  member.hardware = "cpu-x86-64";
  return member;
}

storage::GenerationInfo SomeGeneration(int64_t number, int32_t branch,
                                       const std::string& parent = "") {
  storage::GenerationInfo generation;
  generation.number = number;
  generation.host = "node1";
  generation.fixed_keys = kFixed;
  generation.branch_keys = kBranch;
  generation.branch = branch;
  generation.parent = parent;
  return generation;
}

// A run of one generation with one checkpoint.
ResumeFindings SomeFindings(CheckpointId id) {
  storage::CheckpointManifest manifest;
  manifest.id = id;
  manifest.digest = 77;
  manifest.fixed_keys = kFixed;
  manifest.branch_keys = kBranch;
  manifest.dataset_digest = {1, 2};
  manifest.build = "build-1";
  manifest.hardware = "cpu-x86-64";
  ResumeFindings found;
  found.checkpoint = manifest;
  found.checkpoints = {id};
  found.generations = {SomeGeneration(1, id.branch)};
  return found;
}

ResumeDecision Decided(const comm::RunInfo& run, const ResumeFindings& found,
                       const comm::MemberInfo& member = SomeMember()) {
  const auto decision = DecideResume(run, member, found);
  EXPECT_TRUE(decision.ok()) << decision.status();
  return decision.ok() ? *decision : ResumeDecision{.branch = -1};
}

Status Refusal(const comm::RunInfo& run, const ResumeFindings& found,
               const comm::MemberInfo& member = SomeMember()) {
  return DecideResume(run, member, found).status();
}

TEST(DecideResume, EmptyDirectoryIsBranchOneFromStepZero) {
  for (const bool overwrite : {false, true}) {
    comm::RunInfo run = SomeRun();
    run.overwrite = overwrite;
    const ResumeDecision decision = Decided(run, {});
    EXPECT_EQ(decision.branch, 1);
    EXPECT_FALSE(decision.checkpoint || decision.finished || decision.remove_checkpoints);
  }
}

TEST(DecideResume, NothingDiffersIsTheSameBranch) {
  const ResumeDecision decision = Decided(SomeRun(), SomeFindings({2, 400}));
  EXPECT_EQ(decision.branch, 2);
  ASSERT_TRUE(decision.checkpoint);
  EXPECT_EQ(decision.checkpoint->id, (CheckpointId{2, 400}));
  EXPECT_FALSE(decision.finished || decision.overwrite || decision.remove_checkpoints);
}

TEST(DecideResume, ACheckpointOfTheVersionBeforeIsRefusedUnlessTheRunIsBegunAnew) {
  ResumeFindings found = SomeFindings({1, 400});
  found.checkpoint->version = storage::kOldestCheckpointVersion;
  comm::RunInfo run = SomeRun();
  const Status status = Refusal(run, found);
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition) << status;
  EXPECT_THAT(status.message(), AllOf(HasSubstr("run '/runs/a'"), HasSubstr("earlier Lockstep"),
                                      HasSubstr("--run"), HasSubstr("--overwrite")));
  run.overwrite = true;
  EXPECT_TRUE(Decided(run, found).overwrite);
}

TEST(DecideResume, AnotherFixedKeyIsRefusedWithBothValuesAndRemedies) {
  comm::RunInfo run = SomeRun();
  run.fixed_keys = "batch.lanes=4\nmodel.width=128\n";
  run.unlisted_keys = "batch.lanes=8\nmodel.width=64\n";
  const Status status = Refusal(run, SomeFindings({1, 400}));
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(),
              AllOf(HasSubstr("batch.lanes: 8, now 4"), HasSubstr("model.name: mlp, now (none)"),
                    HasSubstr("model.width: 64, now 128"), HasSubstr("--overwrite"),
                    HasSubstr("--run"), HasSubstr("b01-s0000000400")));
}

TEST(DecideResume, ARunOfAnotherRecipeSchemaIsRefusedWithWhatStillWorks) {
  comm::RunInfo run = SomeRun();
  run.fixed_keys = "batch.lanes=8\nrecipe.schema=2\n";
  const Status status = Refusal(run, SomeFindings({1, 400}));
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(
      status.message(),
      AllOf(HasSubstr("checkpoint b01-s0000000400 was made by a version of Lockstep that "
                      "hashes recipes by schema 1, and this one does by schema 2"),
            HasSubstr("`lockstep eval "), HasSubstr("model.weights = "), HasSubstr("--overwrite")));
}

TEST(DecideResume, AnotherDatasetIsRefusedWithBothDigests) {
  comm::RunInfo run = SomeRun();
  run.dataset_digest = {5, 6};
  run.new_bits = true;
  const Status status = Refusal(run, SomeFindings({1, 400}));
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(),
              AllOf(HasSubstr(Hash128Value{1, 2}.ToHex()), HasSubstr(run.dataset_digest.ToHex()),
                    HasSubstr("--overwrite")));
}

TEST(DecideResume, AnotherBranchKeyIsANewBranchAboveAllSeen) {
  comm::RunInfo run = SomeRun();
  run.branch_keys = "optimizer.lr=0.01\n";
  ResumeFindings found = SomeFindings({1, 400});
  found.generations.push_back(SomeGeneration(2, 3, "b01-s0000000400"));
  found.checkpoints.push_back({2, 500});  // damaged
  const ResumeDecision decision = Decided(run, found);
  EXPECT_EQ(decision.branch, 4);
  ASSERT_TRUE(decision.checkpoint);
  EXPECT_EQ(decision.checkpoint->id, (CheckpointId{1, 400}));
  EXPECT_THAT(decision.notes.back(), HasSubstr("optimizer.lr: 0.1, now 0.01"));
}

TEST(DecideResume, AnotherBuildOrHardwareNeedsNewBits) {
  for (const bool build : {true, false}) {
    comm::MemberInfo member = SomeMember();
    (build ? member.build : member.hardware) = "other";
    comm::RunInfo run = SomeRun();
    const Status status = Refusal(run, SomeFindings({1, 400}), member);
    EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
    EXPECT_THAT(status.message(), AllOf(HasSubstr(build ? "build-1" : "cpu-x86-64"),
                                        HasSubstr("now other"), HasSubstr("--new-bits")));
    run.new_bits = true;
    const ResumeDecision decision = Decided(run, SomeFindings({1, 400}), member);
    EXPECT_EQ(decision.branch, 2);
    EXPECT_TRUE(decision.checkpoint);
    run.fixed_keys = "";
    EXPECT_EQ(Refusal(run, SomeFindings({1, 400}), member).code(), StatusCode::kInvalidArgument);
  }
}

TEST(DecideResume, AnotherKernelFileNeedsNewBits) {
  comm::RunInfo run = SomeRun();
  run.fixed_keys += "train.kernel_file=0123456789abcdef\n";
  const Status status = Refusal(run, SomeFindings({1, 400}));
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("train.kernel_file: (none), now 0123456789abcdef"));
  EXPECT_THAT(status.message(), HasSubstr("--new-bits"));
  comm::RunInfo other = run;
  other.fixed_keys = "train.kernel_file=0123456789abcdef\n";
  EXPECT_THAT(Refusal(other, SomeFindings({1, 400})).message(), Not(HasSubstr("--new-bits")))
      << "they would not be enough";
  run.new_bits = true;
  const ResumeDecision decision = Decided(run, SomeFindings({1, 400}));
  EXPECT_EQ(decision.branch, 2);
  EXPECT_TRUE(decision.checkpoint);
  EXPECT_THAT(decision.notes.back(), HasSubstr("train.kernel_file: (none), now 0123"));
}

TEST(DecideResume, CheckpointOfTheLastStepIsTheEnd) {
  const ResumeDecision decision = Decided(SomeRun(), SomeFindings({1, 1000}));
  EXPECT_TRUE(decision.finished);
  EXPECT_EQ(decision.branch, 1);
  comm::RunInfo run = SomeRun();
  run.branch_keys = "";
  const ResumeDecision without_effect = Decided(run, SomeFindings({1, 1000}));
  EXPECT_TRUE(without_effect.finished);
  EXPECT_EQ(without_effect.branch, 1);
  run.total_steps = 2000;
  const ResumeDecision longer = Decided(run, SomeFindings({1, 1000}));
  EXPECT_FALSE(longer.finished);
  EXPECT_EQ(longer.branch, 2);
}

// Nothing that a run has written shrinks without being asked for by name.
TEST(DecideResume, FewerStepsThanTheRunHasDoneAreRefusedWithBothAndTheRemedies) {
  comm::RunInfo run = SomeRun();
  run.total_steps = 399;
  const Status status = Refusal(run, SomeFindings({1, 400}));
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(),
              AllOf(HasSubstr("b01-s0000000400"), HasSubstr("ends at step 399"),
                    HasSubstr("--overwrite"), HasSubstr("--run"), HasSubstr("ckpt rewind")));
  run.total_steps = 400;
  EXPECT_TRUE(Decided(run, SomeFindings({1, 400})).finished);
}

TEST(DecideResume, ADamagedNewestCheckpointCountsForHowFarTheRunHasCome) {
  comm::RunInfo run = SomeRun();
  ResumeFindings found = SomeFindings({1, 400});
  found.checkpoints.push_back({1, 500});  // damaged
  run.total_steps = 450;
  EXPECT_EQ(Refusal(run, found).code(), StatusCode::kInvalidArgument);
  found.checkpoint.reset();  // and so is the other
  EXPECT_EQ(Refusal(run, found).code(), StatusCode::kInvalidArgument);
  run.total_steps = 500;
  EXPECT_FALSE(Decided(run, found).checkpoint);
}

TEST(DecideResume, OnlyTheHistoryThatGoesOnCountsForHowFarTheRunHasCome) {
  comm::RunInfo run = SomeRun();
  ResumeFindings found = SomeFindings({2, 400});  // a branch that goes on from step 300, say
  found.checkpoints.insert(found.checkpoints.begin(), {1, 900});
  run.total_steps = 500;
  EXPECT_EQ(Decided(run, found).checkpoint->id, (CheckpointId{2, 400}));
  found = SomeFindings({1, 400});
  found.generations.push_back(SomeGeneration(2, 2));
  found.generations.back().overwrite = true;  // thrown away, perhaps not removed yet
  run.total_steps = 100;
  EXPECT_TRUE(Decided(run, found).remove_checkpoints);
}

TEST(DecideResume, OverwriteIsANewBranchFromStepZeroWithoutCheckpoints) {
  comm::RunInfo run = SomeRun();
  run.overwrite = true;
  run.fixed_keys = "anything=else\n";
  run.dataset_digest = {9, 9};
  const ResumeDecision decision = Decided(run, SomeFindings({2, 400}));
  EXPECT_EQ(decision.branch, 3);
  EXPECT_FALSE(decision.checkpoint);
  EXPECT_TRUE(decision.overwrite);
  EXPECT_TRUE(decision.remove_checkpoints);
}

TEST(DecideResume, CheckpointsThatWereThrownAwayStayThrownAwayAfterACrash) {
  ResumeFindings found = SomeFindings({1, 400});
  found.generations.push_back(SomeGeneration(2, 2));
  found.generations.back().overwrite = true;
  found.generations.back().fixed_keys = "model.name=lenet5\n";
  comm::RunInfo run = SomeRun();
  EXPECT_EQ(Refusal(run, found).code(), StatusCode::kInvalidArgument);
  run.fixed_keys = "model.name=lenet5\n";
  const ResumeDecision decision = Decided(run, found);
  EXPECT_EQ(decision.branch, 2);
  EXPECT_FALSE(decision.checkpoint);
  EXPECT_TRUE(decision.remove_checkpoints);
}

TEST(DecideResume, GenerationsWithoutCheckpointsHoldTheRecipeToo) {
  ResumeFindings found;
  found.generations = {SomeGeneration(1, 1), SomeGeneration(2, 1)};
  const ResumeDecision same = Decided(SomeRun(), found);
  EXPECT_EQ(same.branch, 1);
  EXPECT_FALSE(same.checkpoint || same.overwrite || same.remove_checkpoints);

  comm::RunInfo run = SomeRun();
  run.branch_keys = "";
  EXPECT_EQ(Decided(run, found).branch, 2);

  run.fixed_keys = "model.name=lenet5\n";
  const Status status = Refusal(run, found);
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(), AllOf(HasSubstr("g000002"), HasSubstr("mlp, now lenet5")));
}

TEST(DecideResume, BranchThatBeganAtALostCheckpointDoesNotBeginAgainAtStepZero) {
  ResumeFindings found;
  found.generations = {SomeGeneration(1, 1), SomeGeneration(2, 2, "b01-s0000000400"),
                       SomeGeneration(3, 2, "b02-s0000000500")};
  found.checkpoints = {{1, 400}, {2, 500}};  // both damaged
  EXPECT_EQ(Decided(SomeRun(), found).branch, 3);
  found.generations = {SomeGeneration(1, 1), SomeGeneration(2, 1, "b01-s0000000400")};
  found.checkpoints = {{1, 400}};
  EXPECT_EQ(Decided(SomeRun(), found).branch, 1);
}

TEST(DecideResume, GenerationFilesThatCannotBeReadArePassedOver) {
  ResumeFindings found;
  found.generations = {SomeGeneration(1, 2), {.number = 2}};
  EXPECT_EQ(Decided(SomeRun(), found).branch, 2);
  found.generations = {{.number = 1}};
  EXPECT_EQ(Decided(SomeRun(), found).branch, 2);
}

TEST(DifferencesOf, LinesAreComparedByName) {
  EXPECT_TRUE(DifferencesOf("", "", "").empty());
  EXPECT_TRUE(DifferencesOf("", "", "a=1\n").empty());
  EXPECT_TRUE(DifferencesOf("a=1\nb=x=y\n", "a=1\nb=x=y\n", "").empty());
  EXPECT_EQ(ToText(DifferencesOf("a=1\nb=2\n", "b=x=y\nc=\n", "")),
            "a: 1, now (none); b: 2, now x=y; c: (none), now ");
}

TEST(DifferencesOf, AKeyThatIsNotListedIsShownWithTheValueItHas) {
  EXPECT_EQ(ToText(DifferencesOf("a=1\n", "b=2\n", "a=8\nb=0.9\n")), "a: 1, now 8; b: 0.9, now 2");
}

}  // namespace
}  // namespace lockstep::coordinator
