// SPDX-License-Identifier: Apache-2.0
// Checkpoints that do not come to their end: killed at every call that changes the disk and at
// every fault point, out of space at every write, EIO at every fsync. Afterwards the newest
// checkpoint is the one before or the new one, whole; and what is swept up leaves nothing else.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fault_point.h"
#include "storage/checkpoint/checkpoint.h"
#include "storage/checkpoint/testing/made_checkpoint.h"
#include "storage/env/files.h"
#include "storage/env/testing/scratch_directory.h"
#include "storage/env/testing/write_faults.h"

namespace lockstep::storage {
namespace {

class InterruptedCheckpoint : public ::testing::Test {
 protected:
  const MadeCheckpoint old_{{1, 100}}, new_{{1, 200}};

  // What a run that has `old_` is left with: exactly whole checkpoints, and which is the newest.
  void ExpectOldOrNew(const std::string& run, const std::string& when, bool* is_new) {
    const auto resume = [&] {
      const auto found = FindResume(run, [&](const std::string& said) {
        ADD_FAILURE() << when << ": passed over: " << said;
      });
      EXPECT_TRUE(found.ok() && *found) << when << ": " << found.status();
      return **found;
    };
    const CheckpointManifest found = resume();
    *is_new = found.id == new_.manifest().id;
    EXPECT_TRUE((*is_new ? new_ : old_).IsIn(run, found)) << when;
    EXPECT_TRUE(RemoveStaleTemporaries(run).ok());
    const std::vector<std::string> names = *ListDir(run + "/checkpoints");
    EXPECT_EQ(names.size(), *is_new ? 2u : 1u) << when;
    for (const std::string& name : names) {
      const auto id = CheckpointId::Parse(name);
      ASSERT_TRUE(id) << when << ": " << name;
      EXPECT_TRUE(VerifyCheckpoint(run, *id).ok()) << when << ": " << name;
    }
    EXPECT_EQ(resume().id, found.id) << when;
    EXPECT_TRUE(new_.Write(run).ok()) << when;  // the next attempt is not in the way of the first
    EXPECT_TRUE(new_.IsIn(run, resume())) << when;
  }

  int64_t CallsOfAWrite(WriteFault fault) {
    const ScratchDirectory run;
    EXPECT_TRUE(old_.Write(run.path()).ok());
    ArmWriteFault(fault, 0);
    const Status status = new_.Write(run.path()).status();
    const int64_t calls = DisarmWriteFault();
    EXPECT_TRUE(status.ok()) << status;
    return calls;
  }
};

// Runs `work` in a child that must die of SIGKILL.
void ExpectKilled(const std::function<void()>& work, const std::string& when) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    ::alarm(60);
    work();
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << when;
}

TEST_F(InterruptedCheckpoint, KilledAtAnyCallLeavesTheOldOrTheNewOneWhole) {
  const int64_t calls = CallsOfAWrite(WriteFault::kCount);
  ASSERT_GT(calls, 6 + 9 + 2);  // files, fsyncs, folder and rename
  int64_t new_ones = 0;
  for (int64_t nth = 1; nth <= calls; ++nth) {
    const ScratchDirectory run;
    const std::string when = "call " + std::to_string(nth);
    ASSERT_TRUE(old_.Write(run.path()).ok());
    ExpectKilled(
        [&] {
          ArmWriteFault(WriteFault::kKill, nth);
          (void)new_.Write(run.path()).status();
        },
        when);
    bool is_new = false;
    ExpectOldOrNew(run.path(), when, &is_new);
    new_ones += is_new ? 1 : 0;
  }
  EXPECT_EQ(new_ones, 1);  // killed in the last fsync, that of the folder
}

TEST_F(InterruptedCheckpoint, KilledAtAnyFaultPointLeavesTheOldOrTheNewOneWhole) {
  const std::vector<std::pair<std::string, bool>> points = {
      {"checkpoint.open:kill", false},
      {"checkpoint.open:kill@7", false},
      {"checkpoint.write:kill@3", false},
      {"checkpoint.fsync:kill@2", false},
      {"checkpoint.manifest_fsync.before:kill", false},
      {"checkpoint.manifest_fsync.after:kill", false},
      {"checkpoint.rename.before:kill", false},
      {"checkpoint.rename.after:kill", true},
      {"checkpoint.parent_fsync.before:kill", true},
      {"checkpoint.parent_fsync.after:kill", true}};
  for (const auto& [point, expect_new] : points) {
    const ScratchDirectory run;
    ASSERT_TRUE(old_.Write(run.path()).ok());
    ExpectKilled(
        [&, point = point] {
          SetFaultsForTesting(point);
          (void)new_.Write(run.path()).status();
        },
        point);
    bool is_new = false;
    ExpectOldOrNew(run.path(), point, &is_new);
    EXPECT_EQ(is_new, expect_new) << point;
  }
}

// A damaged checkpoint is replaced in two renames: between them there is none of its name.
TEST_F(InterruptedCheckpoint, KilledWhileADamagedOneIsReplacedLeavesOneThatIsWhole) {
  const auto damage = [&](const std::string& run) {
    ASSERT_TRUE(old_.Write(run).ok());
    ASSERT_TRUE(new_.Write(run).ok());
    std::filesystem::resize_file(run + "/checkpoints/b01-s0000000200/manifest.json", 9);
  };
  const ScratchDirectory counted;
  damage(counted.path());
  ArmWriteFault(WriteFault::kCount, 0);
  ASSERT_TRUE(new_.Write(counted.path()).ok());
  const int64_t calls = DisarmWriteFault();
  for (int64_t nth = 1; nth <= calls; ++nth) {
    const ScratchDirectory run;
    damage(run.path());
    ExpectKilled(
        [&] {
          ArmWriteFault(WriteFault::kKill, nth);
          (void)new_.Write(run.path()).status();
        },
        "call " + std::to_string(nth));
    const auto found = FindResume(run.path(), {});
    ASSERT_TRUE(found.ok() && *found) << found.status();
    EXPECT_TRUE(old_.IsIn(run.path(), **found) || new_.IsIn(run.path(), **found)) << nth;
    EXPECT_TRUE(RemoveStaleTemporaries(run.path()).ok());
    EXPECT_TRUE(new_.Write(run.path()).ok()) << nth;
    EXPECT_EQ(ListDir(run / "checkpoints")->size(), 2u) << nth;
  }
}

TEST_F(InterruptedCheckpoint, AFullDiskIsSaidAndLeavesTheOldOneAlone) {
  const int64_t writes = CallsOfAWrite(WriteFault::kNoSpaceOnce);
  ASSERT_GE(writes, 7);
  for (const WriteFault fault : {WriteFault::kNoSpace, WriteFault::kNoSpaceOnce}) {
    for (int64_t nth = 1; nth <= writes; ++nth) {
      const ScratchDirectory run;
      ASSERT_TRUE(old_.Write(run.path()).ok());
      ArmWriteFault(fault, nth);
      const Status status = new_.Write(run.path()).status();
      DisarmWriteFault();
      EXPECT_EQ(status.code(), StatusCode::kResourceExhausted) << "write " << nth << ": " << status;
      EXPECT_EQ(*ListDir(run / "checkpoints"), std::vector<std::string>{"b01-s0000000100"});
      bool is_new = true;
      ExpectOldOrNew(run.path(), "write " + std::to_string(nth), &is_new);
      EXPECT_FALSE(is_new);
    }
  }
}

TEST_F(InterruptedCheckpoint, AFailedFsyncFailsTheAttemptAndIsNotRepeated) {
  const int64_t syncs = CallsOfAWrite(WriteFault::kFsyncOnce);
  ASSERT_EQ(syncs, 6 + 1 + 2);  // tensors, manifest, two folders
  for (int64_t nth = 1; nth <= syncs; ++nth) {
    const ScratchDirectory run;
    ASSERT_TRUE(old_.Write(run.path()).ok());
    ArmWriteFault(WriteFault::kFsyncOnce, nth);
    const Status status = new_.Write(run.path()).status();
    EXPECT_EQ(DisarmWriteFault(), nth);  // the last one that was called
    EXPECT_EQ(status.code(), StatusCode::kIoError) << "fsync " << nth << ": " << status;
    bool is_new = false;
    ExpectOldOrNew(run.path(), "fsync " + std::to_string(nth), &is_new);
    EXPECT_EQ(is_new, nth == syncs);  // renamed, but not known to be on the disk
  }
}

// Removal, too, may end at any moment.
TEST_F(InterruptedCheckpoint, KilledWhileOldOnesAreRemovedLeavesOnlyWholeOnes) {
  const auto make = [](const std::string& run) {
    for (int64_t step = 1; step <= 5; ++step) {
      ASSERT_TRUE(MadeCheckpoint({1, step}).Write(run).ok());
    }
  };
  const ScratchDirectory counted;
  make(counted.path());
  ArmWriteFault(WriteFault::kCount, 0);
  ASSERT_EQ(RemoveOldCheckpoints(counted.path(), 1, {.keep_last = 2})->size(), 3u);
  const int64_t calls = DisarmWriteFault();
  ASSERT_GT(calls, 3 * 8);
  for (int64_t nth = 1; nth <= calls; ++nth) {
    const ScratchDirectory run;
    make(run.path());
    ExpectKilled(
        [&] {
          ArmWriteFault(WriteFault::kKill, nth);
          (void)RemoveOldCheckpoints(run.path(), 1, {.keep_last = 2}).status();
        },
        "call " + std::to_string(nth));
    ASSERT_TRUE(RemoveStaleTemporaries(run.path()).ok());
    const std::vector<CheckpointId> left = *ListCheckpoints(run.path());
    EXPECT_GE(left.size(), 2u);
    EXPECT_EQ(left.size(), ListDir(run / "checkpoints")->size());
    for (const CheckpointId id : left) EXPECT_TRUE(VerifyCheckpoint(run.path(), id).ok()) << nth;
  }
}

}  // namespace
}  // namespace lockstep::storage
