// SPDX-License-Identifier: Apache-2.0
#include "worker/report/run_place.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "storage/env/testing/scratch_directory.h"

namespace lockstep::worker {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class RunPlaceTest : public ::testing::Test {
 protected:
  void Put(const std::string& path) {
    const std::string whole = scratch_ / path;
    ASSERT_TRUE(MakeDirs(whole.substr(0, whole.rfind('/'))).ok());
    ASSERT_TRUE(WriteFileAtomic(whole, "x").ok());
  }
  void ExpectRefused(const std::string& path, const std::string& what) {
    const Status status = CheckRunPlace(scratch_ / path);
    EXPECT_EQ(status.code(), StatusCode::kAlreadyExists) << path;
    EXPECT_THAT(status.message(), AllOf(HasSubstr(what), HasSubstr("--run"))) << path;
  }

  storage::ScratchDirectory scratch_;
};

TEST_F(RunPlaceTest, WhatIsNotThereOrEmptyIsAPlace) {
  EXPECT_TRUE(CheckRunPlace(scratch_ / "new/run").ok());
  EXPECT_FALSE(FileExists(scratch_ / "new")) << "looking makes nothing";
  ASSERT_TRUE(MakeDirs(scratch_ / "empty").ok());
  EXPECT_TRUE(CheckRunPlace(scratch_ / "empty").ok());
  EXPECT_FALSE(*HoldsRun(scratch_ / "empty"));
  ASSERT_TRUE(MakeDirs(scratch_ / "disk/lost+found").ok());
  EXPECT_TRUE(CheckRunPlace(scratch_ / "disk").ok()) << "a file system of its own";
}

TEST_F(RunPlaceTest, ARunIsKnownByItsGenerationsOrItsRecipeAndAResult) {
  Put("a/generations/g000001");
  Put("b/recipe.toml");
  ExpectRefused("b", "'recipe.toml'");
  Put("b/digests.csv");
  for (const char* run : {"a", "b"}) {
    const auto holds = HoldsRun(scratch_ / run);
    ASSERT_TRUE(holds.ok()) << holds.status();
    EXPECT_TRUE(*holds);
    ExpectRefused(std::string(run) + "/inner/new", "lies in the run");
  }
}

TEST_F(RunPlaceTest, FilesOfOthersAreNamed) {
  Put("mine/b.txt");
  Put("mine/a.txt");
  ExpectRefused("mine", "it has 'a.txt' and 1 more");
  Put("file");
  ExpectRefused("file", "is no directory");
  Put("generations/not a generation");
  EXPECT_TRUE(CheckRunPlace(scratch_ / "generations/run").ok());
}

TEST_F(RunPlaceTest, ADatasetIsNoPlaceNorIsAnythingInIt) {
  Put("d.ldb/dataset.manifest");
  ExpectRefused("d.ldb", "is a dataset");
  ExpectRefused("d.ldb/", "is a dataset");
  ExpectRefused("d.ldb/deep/er", "lies in the dataset");
}

TEST_F(RunPlaceTest, AnEmptyNameIsNoPlace) {
  EXPECT_EQ(CheckRunPlace("").code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace lockstep::worker
