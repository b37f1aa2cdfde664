// SPDX-License-Identifier: Apache-2.0
// Imports that do not come to their end: killed, or out of space, at every call that changes the
// disk. Nothing opens afterwards, and the next import cleans up.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "storage/dataset/import_directory.h"
#include "storage/dataset/testing/made_dataset.h"
#include "storage/dataset/verify.h"
#include "storage/env/files.h"
#include "storage/env/testing/scratch_directory.h"
#include "storage/env/testing/write_faults.h"

namespace lockstep::storage {
namespace {

const MadeDataset kSmall{.train = 40, .test = 9, .shard_size = 4, .ids_per_file = 16};

int64_t CallsOfAnImport(WriteFault fault) {
  const ScratchDirectory scratch;
  ArmWriteFault(fault, 0);
  const Status status = kSmall.Make(scratch / "d").status();
  const int64_t calls = DisarmWriteFault();
  EXPECT_TRUE(status.ok()) << status;
  return calls;
}

TEST(InterruptedImport, KilledAtAnyMomentLeavesNothingThatOpensAndTheNextCleansUp) {
  const int64_t calls = CallsOfAnImport(WriteFault::kCount);
  ASSERT_GT(calls, 30);
  for (int64_t nth = 1; nth <= calls; ++nth) {
    const ScratchDirectory scratch;
    const std::string out = scratch / "d";
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      ::alarm(60);
      ArmWriteFault(WriteFault::kKill, nth);
      (void)kSmall.Make(out).status();
      ::_exit(0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << "call " << nth;
    const bool renamed = PathExists(out);  // killed after it was done, in the last fsync
    const std::vector<std::string> names = *ListDir(scratch.path());
    for (const std::string& name : names) {
      if (renamed && name == "d") continue;
      EXPECT_EQ(Dataset::Open(scratch / name).status().code(), StatusCode::kDataLoss) << name;
    }
    if (renamed) {
      EXPECT_TRUE(VerifyDataset(out)->ok()) << "call " << nth;
    } else {
      EXPECT_EQ(Dataset::Open(out).status().code(), StatusCode::kNotFound) << "call " << nth;
      EXPECT_TRUE(kSmall.Make(out).ok());
    }
    EXPECT_EQ(*ListDir(scratch.path()), std::vector<std::string>{"d"}) << "call " << nth;
    EXPECT_TRUE(Dataset::Open(out).ok());
  }
}

TEST(InterruptedImport, AFullDiskIsSaidAndLeavesNothing) {
  const int64_t writes = CallsOfAnImport(WriteFault::kNoSpaceOnce);
  ASSERT_GT(writes, 10);
  for (int64_t nth = 1; nth <= writes; ++nth) {
    const ScratchDirectory scratch;
    const std::string out = scratch / "d";
    ArmWriteFault(WriteFault::kNoSpace, nth);
    const Status status = kSmall.Make(out).status();
    DisarmWriteFault();
    EXPECT_EQ(status.code(), StatusCode::kResourceExhausted) << "write " << nth << ": " << status;
    EXPECT_NE(status.message().find("no space left for dataset '" + out + "'"), std::string::npos)
        << status;
    EXPECT_TRUE(ListDir(scratch.path())->empty()) << "write " << nth;
  }
}

TEST(InterruptedImport, OneLostWriteGivesAWholeDatasetOrNone) {
  const int64_t writes = CallsOfAnImport(WriteFault::kNoSpaceOnce);
  int64_t failed = 0;
  for (int64_t nth = 1; nth <= writes; ++nth) {
    const ScratchDirectory scratch;
    const std::string out = scratch / "d";
    ArmWriteFault(WriteFault::kNoSpaceOnce, nth);
    const Status status = kSmall.Make(out).status();
    DisarmWriteFault();
    if (status.ok()) {  // a file of RocksDB's that a dataset does not keep
      EXPECT_TRUE(VerifyDataset(out)->ok()) << "write " << nth;
    } else {
      ++failed;
      EXPECT_TRUE(ListDir(scratch.path())->empty()) << "write " << nth << ": " << status;
    }
  }
  EXPECT_GT(failed, writes / 2);
}

TEST(InterruptedImport, AnotherImportThatStillRunsIsLeftAlone) {
  const ScratchDirectory scratch;
  const auto first = DatasetWriter::Create(kSmall.Options(scratch / "d"));
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(DatasetWriter::Create(kSmall.Options(scratch / "d")).status().code(),
            StatusCode::kAlreadyExists);  // of the same process
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {  // of another: it finishes first, and has not touched ours
    ::_exit(kSmall.Make(scratch / "d").ok() ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  EXPECT_TRUE(kSmall.WriteRanges(first->get()).ok());
  EXPECT_EQ((*first)->Finish().status().code(), StatusCode::kAlreadyExists);
  EXPECT_TRUE(VerifyDataset(scratch / "d")->ok());
}

TEST(ImportTarget, IsReplacedOnlyWhenToldAndOnlyIfItIsADataset) {
  const ScratchDirectory scratch;
  ASSERT_TRUE(kSmall.Make(scratch / "d").ok());
  const Status refused = kSmall.Make(scratch / "d").status();
  EXPECT_EQ(refused.code(), StatusCode::kAlreadyExists) << refused;
  EXPECT_NE(refused.message().find("--replace"), std::string::npos) << refused;

  const auto open = Dataset::Open(scratch / "d");  // a reader of the old one reads on
  const MadeDataset other{.train = 50};
  const auto replaced = other.Make(scratch / "d", 1, false, /*replace=*/true);
  ASSERT_TRUE(replaced.ok()) << replaced.status();
  EXPECT_EQ((*Dataset::Open(scratch / "d"))->info().digest, replaced->digest);
  EXPECT_TRUE((*open)->ReadRange(SampleId(0), 49).ok());
  EXPECT_EQ(*ListDir(scratch.path()), std::vector<std::string>{"d"});

  std::filesystem::create_directory(scratch / "home");
  std::ofstream(scratch / "home/letter") << "dear";
  EXPECT_EQ(kSmall.Make(scratch / "home", 1, false, true).status().code(),
            StatusCode::kAlreadyExists);
  EXPECT_TRUE(PathExists(scratch / "home/letter"));
  EXPECT_EQ(kSmall.Make(scratch / "no/such/parent").status().code(), StatusCode::kNotFound);
}

TEST(ImportTarget, AFailedReplacementLeavesTheOldOne) {
  const ScratchDirectory scratch;
  const Hash128Value digest = kSmall.Make(scratch / "d")->digest;
  const MadeDataset other{.train = 41, .test = 9, .shard_size = 4, .ids_per_file = 16};
  const int64_t writes = CallsOfAnImport(WriteFault::kNoSpaceOnce);
  for (const int64_t nth : {int64_t{1}, writes / 2, writes}) {
    ArmWriteFault(WriteFault::kNoSpace, nth);
    const Status status = other.Make(scratch / "d", 1, false, true).status();
    DisarmWriteFault();
    EXPECT_EQ(status.code(), StatusCode::kResourceExhausted) << status;
    EXPECT_EQ((*Dataset::Open(scratch / "d"))->info().digest, digest);
    EXPECT_EQ(*ListDir(scratch.path()), std::vector<std::string>{"d"});
  }
}

}  // namespace
}  // namespace lockstep::storage
