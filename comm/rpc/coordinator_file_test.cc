// SPDX-License-Identifier: Apache-2.0
#include "comm/rpc/coordinator_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/file.h"

namespace lockstep::comm {
namespace {

using ::testing::HasSubstr;

class CoordinatorFileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = ::testing::TempDir() + "coordinator-file-XXXXXX";
    ASSERT_NE(::mkdtemp(folder_.data()), nullptr);
    path_ = folder_ + "/coordinator.json";
  }
  void TearDown() override { EXPECT_TRUE(RemoveTree(folder_).ok()); }

  std::string folder_, path_;
};

TEST_F(CoordinatorFileTest, WhatIsWrittenIsReadAndOthersMayNotRead) {
  ASSERT_TRUE(WriteCoordinatorFile(path_, {"127.0.0.1:1", "first"}).ok());
  ASSERT_TRUE(WriteCoordinatorFile(path_, {"127.0.0.1:7077", "secret"}).ok());
  struct stat info;
  ASSERT_EQ(::stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  const auto file = ReadCoordinatorFile(path_);
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->address, "127.0.0.1:7077");
  EXPECT_EQ(file->token, "secret");
  EXPECT_EQ(ListDir(folder_)->size(), 1u);
}

TEST_F(CoordinatorFileTest, FileThatOthersMayReadIsRefused) {
  ASSERT_TRUE(WriteCoordinatorFile(path_, {"127.0.0.1:7077", "secret"}).ok());
  ASSERT_EQ(::chmod(path_.c_str(), 0640), 0);
  const Status status = ReadCoordinatorFile(path_).status();
  EXPECT_EQ(status.code(), StatusCode::kPermissionDenied);
  EXPECT_THAT(status.message(), HasSubstr(path_));
}

TEST_F(CoordinatorFileTest, ForeignBytesAreDataLoss) {
  for (const std::string& bytes :
       {std::string(), std::string("{"), std::string("[]"), std::string("null"),
        std::string(R"({"address": "127.0.0.1:1"})"),
        std::string(R"({"address": "nowhere", "token": "t"})"),
        std::string(R"({"address": 7, "token": "t"})"), std::string(10000, '[')}) {
    ASSERT_TRUE(WriteFileAtomic(path_, bytes).ok());
    ASSERT_EQ(::chmod(path_.c_str(), 0600), 0);
    EXPECT_EQ(ReadCoordinatorFile(path_).status().code(), StatusCode::kDataLoss) << bytes;
  }
  EXPECT_EQ(ReadCoordinatorFile(path_ + "-not").status().code(), StatusCode::kNotFound);
  EXPECT_FALSE(ReadCoordinatorFile(folder_).ok());
}

TEST_F(CoordinatorFileTest, FifoDoesNotBlock) {
  ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  EXPECT_EQ(ReadCoordinatorFile(path_).status().code(), StatusCode::kDataLoss);
}

TEST_F(CoordinatorFileTest, FailedWriteLeavesNothing) {
  EXPECT_FALSE(WriteCoordinatorFile(folder_ + "/no/such/folder", {"127.0.0.1:1", "t"}).ok());
  ASSERT_TRUE(MakeDirs(path_).ok());
  EXPECT_FALSE(WriteCoordinatorFile(path_, {"127.0.0.1:1", "t"}).ok());
  EXPECT_EQ(ListDir(folder_)->size(), 1u);
}

TEST(MakeToken, Is32DigitsAndNeverTheSame) {
  const auto a = MakeToken(), b = MakeToken();
  ASSERT_TRUE(a.ok() && b.ok());
  EXPECT_EQ(a->size(), 32u);
  EXPECT_NE(*a, *b);
}

}  // namespace
}  // namespace lockstep::comm
