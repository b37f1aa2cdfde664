// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

namespace lockstep {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class FileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = ::testing::TempDir() + "/lockstep_file_test." + std::to_string(::getpid());
    ASSERT_TRUE(RemoveTree(folder_).ok());
    ASSERT_TRUE(MakeDirs(folder_ + "/a/b").ok());
  }
  void TearDown() override { EXPECT_TRUE(RemoveTree(folder_).ok()); }

  std::string folder_;
};

TEST_F(FileTest, WhatIsWrittenIsReadAndNothingElseIsLeft) {
  const std::string bytes = std::string(200000, 'x') + std::string("\0y", 2);
  const std::string path = folder_ + "/a/file";
  ASSERT_TRUE(WriteFileAtomic(path, "former").ok());
  ASSERT_TRUE(WriteFileAtomic(path, bytes).ok());
  EXPECT_EQ(*ReadFile(path), bytes);
  EXPECT_EQ(*FileSize(path), 200002);
  EXPECT_THAT(*ListDir(folder_ + "/a"), ElementsAre("b", "file"));
}

TEST_F(FileTest, AFullDiskLeavesTheFormerBytesAndNoTemporaryFile) {
  const std::string path = folder_ + "/file";
  ASSERT_TRUE(WriteFileAtomic(path, "former").ok());
  ASSERT_NE(::signal(SIGXFSZ, SIG_IGN), SIG_ERR);
  struct rlimit former {};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &former), 0);
  struct rlimit small = former;
  small.rlim_cur = 1000;  // a write beyond it fails with EFBIG, as a full disk does with ENOSPC
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const Status status = WriteFileAtomic(path, std::string(5000, 'x'));
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &former), 0);
  EXPECT_EQ(status.code(), StatusCode::kResourceExhausted) << status;
  EXPECT_EQ(*ReadFile(path), "former");
  EXPECT_THAT(*ListDir(folder_), ElementsAre("a", "file"));
}

TEST_F(FileTest, CheckWritableTellsBeforehandAndLeavesNothing) {
  const std::string path = folder_ + "/file";
  EXPECT_TRUE(CheckWritable(path).ok());
  ASSERT_TRUE(WriteFileAtomic(path, "former").ok());
  EXPECT_TRUE(CheckWritable(path).ok());
  EXPECT_EQ(*ReadFile(path), "former");
  for (const std::string& no_file : {folder_ + "/a", std::string("/dev/null")}) {
    const Status status = CheckWritable(no_file);
    EXPECT_EQ(status.code(), StatusCode::kAlreadyExists) << status;
    EXPECT_THAT(status.message(), HasSubstr("'" + no_file + "'"));
  }
  EXPECT_EQ(CheckWritable("").code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(CheckWritable(folder_ + "/missing/file").code(), StatusCode::kNotFound);
  EXPECT_FALSE(CheckWritable("/proc/self/file").ok()) << "/proc takes no files, from root neither";
  EXPECT_THAT(*ListDir(folder_), ElementsAre("a", "file"));
  EXPECT_THAT(*ListDir(folder_ + "/a"), ElementsAre("b"));
}

TEST_F(FileTest, ErrorsNameThePath) {
  const std::string missing = folder_ + "/missing/file";
  EXPECT_EQ(ReadFile(missing).status().code(), StatusCode::kNotFound);
  EXPECT_THAT(ReadFile(missing).status().message(), HasSubstr(missing));
  EXPECT_EQ(WriteFileAtomic(missing, "x").code(), StatusCode::kNotFound);
  EXPECT_EQ(FileSize(missing).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(ListDir(missing).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(SyncFolder(missing).code(), StatusCode::kNotFound);
  EXPECT_EQ(ReadFile(folder_).status().code(), StatusCode::kIoError);
  EXPECT_EQ(FileSize(folder_).status().code(), StatusCode::kInvalidArgument);
  EXPECT_FALSE(WriteFileAtomic(folder_ + "/a", "x").ok());  // a folder is in the way
  EXPECT_THAT(*ListDir(folder_), ElementsAre("a"));
}

TEST_F(FileTest, MakeDirsIsRepeatableAndRefusesAFileInTheWay) {
  EXPECT_TRUE(MakeDirs(folder_ + "/a/b").ok());
  ASSERT_TRUE(WriteFileAtomic(folder_ + "/file", "x").ok());
  EXPECT_FALSE(MakeDirs(folder_ + "/file").ok());
  EXPECT_FALSE(MakeDirs(folder_ + "/file/below").ok());
}

TEST_F(FileTest, ExistsAndRemove) {
  ASSERT_TRUE(WriteFileAtomic(folder_ + "/a/b/file", "x").ok());
  EXPECT_TRUE(FileExists(folder_ + "/a/b/file"));
  EXPECT_TRUE(RemoveFileIfExists(folder_ + "/a/b/file").ok());
  EXPECT_TRUE(RemoveFileIfExists(folder_ + "/a/b/file").ok());
  EXPECT_FALSE(RemoveFileIfExists(folder_ + "/a").ok());
  EXPECT_TRUE(RemoveTree(folder_ + "/a").ok());
  EXPECT_FALSE(FileExists(folder_ + "/a"));
  EXPECT_TRUE(RemoveTree(folder_ + "/a").ok());
}

}  // namespace
}  // namespace lockstep
