// SPDX-License-Identifier: Apache-2.0
// The ledger as an index that can be thrown away: whatever happens to its files, it opens again
// with what the run directory tells, or the run goes on without.
#include "coordinator/ledger/ledger.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fault_point.h"
#include "base/file.h"
#include "storage/checkpoint/checkpoint.h"
#include "storage/checkpoint/testing/made_checkpoint.h"
#include "storage/env/testing/scratch_directory.h"

namespace lockstep::coordinator {
namespace {

using storage::MadeCheckpoint;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class LedgerTest : public ::testing::Test {
 protected:
  std::unique_ptr<Ledger> Open(int64_t generation = 1, int32_t branch = 1,
                               const std::string& build = "build-1") {
    LedgerOptions options;
    options.run_directory = scratch_.path();
    options.state_directory = state_;
    options.generation.number = generation;
    options.generation.branch = branch;
    options.build = build;
    options.hardware = "cpu";
    return Ledger::Open(options);
  }

  void WriteCheckpoint(int32_t branch, int64_t step) {
    const auto written = MadeCheckpoint({branch, step}).Write(scratch_.path());
    ASSERT_TRUE(written.ok()) << written.status();
  }

  static uint64_t DigestOf(int32_t branch, int64_t step) {
    return MadeCheckpoint({branch, step}).manifest().digest;
  }

  // What a run of two steps and a checkpoint after the second leaves behind.
  void MakeRun() {
    WriteCheckpoint(1, 2);
    ASSERT_TRUE(WriteFileAtomic(scratch_ / "digests.csv", "step,loss_bits,loss,skipped,digest\n1," +
                                                              Hex64(5) + ",0.5,0," + Hex64(11) +
                                                              "\n2," + Hex64(6) + ",0.5,0," +
                                                              Hex64(DigestOf(1, 2)) + "\n")
                    .ok());
    const auto ledger = Open();
    ASSERT_NE(ledger, nullptr);
    ASSERT_TRUE(ledger->AddSteps({{1, 11, 5}, {2, DigestOf(1, 2), 6}}).ok());
    ledger->AddCheckpoint("b01-s0000000002", DigestOf(1, 2));
  }

  void ExpectWhole(const Ledger& ledger) {
    const auto checkpoints = ledger.Checkpoints();
    ASSERT_TRUE(checkpoints.ok()) << checkpoints.status();
    ASSERT_EQ(checkpoints->size(), 1u);
    EXPECT_EQ(checkpoints->at("b01-s0000000002"), (CheckpointEntry{DigestOf(1, 2), 1}));
    const auto step = ledger.FindStep(1, 1);
    ASSERT_TRUE(step.ok()) << step.status();
    EXPECT_EQ(step->digest, 11u);
    EXPECT_EQ(step->loss_bits, 5u);
  }

  const storage::ScratchDirectory scratch_;
  std::string state_;
};

TEST_F(LedgerTest, WhatIsEnteredIsThereAfterOpeningAgain) {
  MakeRun();
  const auto ledger = Open(2);
  ASSERT_NE(ledger, nullptr);
  EXPECT_EQ(ledger->directory(), scratch_ / "ledger");
  ExpectWhole(*ledger);
  EXPECT_THAT(*ledger->Generations(), ElementsAre(1, 2));
  EXPECT_EQ(ledger->FindStep(1, 3).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(ledger->FindStep(2, 1).status().code(), StatusCode::kNotFound);
}

TEST_F(LedgerTest, StepDoneAgainMustGiveItsDigest) {
  MakeRun();
  const auto ledger = Open(2);
  EXPECT_TRUE(ledger->AddSteps({{1, 11, 5}, {3, 33, 7}}).ok());
  const Status conflict = ledger->AddSteps({{3, 34, 7}, {4, 44, 8}});
  EXPECT_EQ(conflict.code(), StatusCode::kDataLoss);
  EXPECT_THAT(conflict.message(),
              AllOf(HasSubstr("step 3 of branch 1"), HasSubstr(Hex64(33)), HasSubstr(Hex64(34))));
  EXPECT_EQ(ledger->FindStep(1, 3)->digest, 33u) << "what was there first is kept";
}

TEST_F(LedgerTest, AnotherBranchHasStepsOfItsOwn) {
  MakeRun();
  EXPECT_TRUE(Open(2, 2)->AddSteps({{1, 99, 5}}).ok());
}

TEST_F(LedgerTest, BranchBegunAgainWithAnotherProgramForgetsItsSteps) {
  ASSERT_TRUE(Open(1)->AddSteps({{1, 11, 5}}).ok());
  EXPECT_FALSE(Open(2)->AddSteps({{1, 12, 5}}).ok());
  EXPECT_TRUE(Open(3, 1, "build-2")->AddSteps({{1, 12, 5}}).ok());
}

TEST_F(LedgerTest, DirectoryWithoutEntryIsEnteredAndEntryWithoutDirectoryIsLost) {
  MakeRun();
  WriteCheckpoint(1, 4);
  ASSERT_TRUE(RemoveTree(scratch_ / "checkpoints/b01-s0000000002").ok());
  auto checkpoints = Open(2)->Checkpoints();
  ASSERT_TRUE(checkpoints.ok());
  EXPECT_EQ(checkpoints->at("b01-s0000000002").state, CheckpointState::kLost);
  EXPECT_EQ(checkpoints->at("b01-s0000000004").state, CheckpointState::kVerified);
  EXPECT_EQ(checkpoints->at("b01-s0000000004").digest, DigestOf(1, 4));
  WriteCheckpoint(1, 2);
  checkpoints = Open(3)->Checkpoints();
  EXPECT_EQ(checkpoints->at("b01-s0000000002").state, CheckpointState::kVerified);
}

TEST_F(LedgerTest, DamagedCheckpointIsNotEntered) {
  WriteCheckpoint(1, 4);
  ASSERT_TRUE(RemoveFileIfExists(scratch_ / "checkpoints/b01-s0000000004/manifest.json").ok());
  EXPECT_TRUE(Open()->Checkpoints()->empty());
}

TEST_F(LedgerTest, DeletedLedgerIsBuiltAnewFromManifestsAndDigests) {
  MakeRun();
  ASSERT_TRUE(RemoveTree(scratch_ / "ledger").ok());
  const auto ledger = Open(2);
  ASSERT_NE(ledger, nullptr);
  ExpectWhole(*ledger);
}

TEST_F(LedgerTest, AnyDamageToAnyFileEndsInAWholeLedger) {
  MakeRun();
  const std::string copy = scratch_ / "copy";
  std::filesystem::copy(scratch_ / "ledger", copy, std::filesystem::copy_options::recursive);
  const auto names = ListDir(copy);
  ASSERT_TRUE(names.ok());
  int damaged = 0;
  for (const std::string& name : *names) {
    const std::string bytes = *ReadFile(copy + "/" + name);
    for (const size_t part : {0, 1, 2, 3, 4}) {
      std::string other = bytes;
      // Four places are flipped; the fifth time the file is cut off in its middle.
      if (part < 4 && !bytes.empty()) other[part * (bytes.size() - 1) / 3] ^= 0x55;
      if (part == 4) other.resize(bytes.size() / 2);
      ASSERT_TRUE(RemoveTree(scratch_ / "ledger").ok());
      std::filesystem::copy(copy, scratch_ / "ledger", std::filesystem::copy_options::recursive);
      ASSERT_TRUE(WriteFileAtomic(scratch_ / ("ledger/" + name), other).ok());
      const auto ledger = Open(2);
      ASSERT_NE(ledger, nullptr) << name << " part " << part;
      // A log cut off at its tail, as by a crash, loses steps; never a checkpoint.
      const auto checkpoints = ledger->Checkpoints();
      ASSERT_TRUE(checkpoints.ok()) << name << ": " << checkpoints.status();
      EXPECT_EQ(checkpoints->size(), 1u) << name << " part " << part;
      const auto step = ledger->FindStep(1, 1);
      EXPECT_TRUE(!step.ok() || step->digest == 11u) << name << " part " << part;
      ++damaged;
    }
  }
  EXPECT_GE(damaged, 20);
}

TEST_F(LedgerTest, FolderThatIsNoLedgerIsReplaced) {
  ASSERT_TRUE(WriteFileAtomic(scratch_ / "ledger", "a file").ok());
  EXPECT_NE(Open(), nullptr);
}

TEST_F(LedgerTest, LedgerHeldByAnotherProcessIsDoneWithoutAndLeftAlone) {
  MakeRun();
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const std::string lock_file = scratch_ / "ledger/LOCK";
  const pid_t child = ::fork();
  if (child == 0) {
    const int fd = ::open(lock_file.c_str(), O_RDWR);
    struct flock lock = {};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    if (fd < 0 || ::fcntl(fd, F_SETLK, &lock) != 0 || ::write(ready[1], "x", 1) != 1) ::_exit(1);
    for (;;) ::pause();
  }
  ::close(ready[1]);
  char byte;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  ::close(ready[0]);
  EXPECT_EQ(Open(2), nullptr);
  ::kill(child, SIGKILL);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  const auto ledger = Open(2);
  ASSERT_NE(ledger, nullptr);
  ExpectWhole(*ledger);
  EXPECT_EQ(Open(3), nullptr) << "held by this process";
}

TEST_F(LedgerTest, FolderThatCannotHoldItSendsItToTheStateDirectory) {
  // A folder in which no file can be made, also for root.
  const storage::ScratchDirectory state;
  LedgerOptions options;
  options.run_directory = "/proc/self";
  EXPECT_EQ(Ledger::Open(options), nullptr);
  EXPECT_FALSE(CheckLocksWork(options.run_directory).ok());
  options.state_directory = state / "new";
  const auto ledger = Ledger::Open(options);
  ASSERT_NE(ledger, nullptr);
  EXPECT_THAT(ledger->directory(), HasSubstr(state / "new/ledger-"));
}

TEST_F(LedgerTest, KilledAroundAWriteItOpensAgainWithTheCheckpoint) {
  for (const char* fault : {"ledger.write.before:kill", "ledger.write.after:kill"}) {
    ASSERT_TRUE(RemoveTree(scratch_ / "ledger").ok());
    ASSERT_TRUE(RemoveTree(scratch_ / "checkpoints").ok());
    const pid_t child = ::fork();
    if (child == 0) {
      SetFaultsForTesting(fault);
      const auto ledger = Open();
      if (ledger != nullptr && MadeCheckpoint({1, 2}).Write(scratch_.path()).ok()) {
        ledger->AddCheckpoint("b01-s0000000002", DigestOf(1, 2));
      }
      ::_exit(1);  // not reached
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << fault;
    const auto checkpoints = Open(2)->Checkpoints();
    ASSERT_TRUE(checkpoints.ok());
    EXPECT_EQ(checkpoints->at("b01-s0000000002"), (CheckpointEntry{DigestOf(1, 2), 1}));
  }
}

}  // namespace
}  // namespace lockstep::coordinator
