// SPDX-License-Identifier: Apache-2.0
// The journal sees what it is there for: planted omissions of every kind are found, and code that
// does all it should is not complained of.
#include "tests/durability/disk_journal.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/file.h"
#include "storage/dataset/rocks_writer.h"
#include "storage/env/files.h"
#include "storage/env/testing/scratch_directory.h"

namespace lockstep::tests {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class DiskJournalTest : public ::testing::Test {
 protected:
  // A file with bytes in it, fsynced or not.
  static void Write(const std::string& path, bool synced) {
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    ASSERT_GE(fd, 0) << path;
    ASSERT_TRUE(WriteAll(fd, "bytes", path).ok());
    if (synced) {
      ASSERT_EQ(::fsync(fd), 0);
    }
    ::close(fd);
  }

  const storage::ScratchDirectory scratch_;
};

TEST_F(DiskJournalTest, AFileWrittenInFullLeavesNothingToLose) {
  const DiskJournal journal(scratch_.path());
  ASSERT_TRUE(WriteFileAtomic(scratch_ / "a", "x").ok());
  EXPECT_THAT(journal.Unsynced(), IsEmpty());
  EXPECT_THAT(journal.EarlyNames(), IsEmpty());
  EXPECT_EQ(journal.Synced("a"), "x");
}

TEST_F(DiskJournalTest, BytesAndNamesWithoutTheirFsyncCanBeLost) {
  const DiskJournal journal(scratch_.path());
  Write(scratch_ / "a", /*synced=*/false);
  EXPECT_THAT(journal.Unsynced(), ElementsAre("the bytes of a", "the name a"));
  Write(scratch_ / "a", /*synced=*/true);
  EXPECT_THAT(journal.Unsynced(), ElementsAre("the name a"));
  ASSERT_TRUE(SyncFolder(scratch_.path()).ok());
  EXPECT_THAT(journal.Unsynced(), IsEmpty());
  Write(scratch_ / "a", /*synced=*/false);
  EXPECT_THAT(journal.Unsynced(), ElementsAre("the bytes of a"));
  EXPECT_EQ(journal.Synced("a"), "bytesbytes") << "what the last fsync has seen";
}

TEST_F(DiskJournalTest, FindsAFileThatIsNamedBeforeItsBytesAreOnTheDisk) {
  const DiskJournal journal(scratch_.path());
  Write(scratch_ / "a.tmp", /*synced=*/false);
  ASSERT_EQ(::rename((scratch_ / "a.tmp").c_str(), (scratch_ / "a").c_str()), 0);
  EXPECT_THAT(journal.EarlyNames(), ElementsAre(HasSubstr("a was named while the bytes of a.tmp")));
  EXPECT_THAT(journal.Unsynced(), ElementsAre("the bytes of a", "the name a"));
}

TEST_F(DiskJournalTest, FindsALinkToBytesThatAreNotOnTheDisk) {
  const DiskJournal journal(scratch_.path());
  Write(scratch_ / "a.tmp", /*synced=*/false);
  ASSERT_EQ(::link((scratch_ / "a.tmp").c_str(), (scratch_ / "a").c_str()), 0);
  EXPECT_THAT(journal.EarlyNames(), ElementsAre(HasSubstr("a was named while the bytes of a.tmp")));
}

TEST_F(DiskJournalTest, FindsAFolderThatIsNamedBeforeItsFilesAreOnTheDisk) {
  const DiskJournal journal(scratch_.path());
  ASSERT_TRUE(storage::MakeDirectory(scratch_ / ".tmp-d").ok());
  Write(scratch_ / ".tmp-d/bytes", /*synced=*/false);
  Write(scratch_ / ".tmp-d/name", /*synced=*/true);
  ASSERT_TRUE(storage::RenameToNew(scratch_ / ".tmp-d", scratch_ / "d").ok());
  EXPECT_THAT(journal.EarlyNames(),
              ElementsAre(HasSubstr("the bytes of .tmp-d/bytes"),
                          HasSubstr("the name .tmp-d/bytes"), HasSubstr("the name .tmp-d/name")));
  EXPECT_THAT(journal.Unsynced(), ElementsAre("the bytes of d/bytes", "the name d",
                                              "the name d/bytes", "the name d/name"));
}

TEST_F(DiskJournalTest, WhatIsRemovedCannotBeLost) {
  const DiskJournal journal(scratch_.path());
  ASSERT_TRUE(storage::MakeDirectory(scratch_ / "d").ok());
  Write(scratch_ / "d/a", /*synced=*/false);
  ASSERT_TRUE(RemoveTree(scratch_ / "d").ok());
  EXPECT_THAT(journal.Unsynced(), IsEmpty());
}

TEST_F(DiskJournalTest, SeesRocksDbToo) {
  const DiskJournal journal(scratch_.path());
  const auto file = storage::SortedFile::Create(scratch_ / "1.sst");
  ASSERT_TRUE(file.ok()) << file.status();
  ASSERT_TRUE((*file)->Add("key", "value").ok());
  ASSERT_TRUE((*file)->Finish().ok());
  EXPECT_FALSE(journal.Synced("1.sst").empty());
}

TEST_F(DiskJournalTest, AskedDuringACallTellsHowItWasBefore) {
  std::set<std::string> before;
  const DiskJournal* asked = nullptr;
  const DiskJournal journal(scratch_.path(), [&](const DiskCall& call) {
    if (call.path == "b" && before.empty()) before = asked->Unsynced();
  });
  asked = &journal;
  Write(scratch_ / "a", /*synced=*/true);
  Write(scratch_ / "b", /*synced=*/true);
  EXPECT_THAT(before, ElementsAre("the name a"));
}

}  // namespace
}  // namespace lockstep::tests
