// SPDX-License-Identifier: Apache-2.0
#include "cluster/slurm/last_stop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/file.h"

namespace lockstep::cluster {
namespace {

using ::testing::HasSubstr;

SlurmJob Job(const std::string& id, int32_t restarts) {
  SlurmJob job;
  job.id = job.name = id;
  job.restarts = restarts;
  return job;
}

LastStop Queued(const std::string& job, int64_t restarts, int64_t step) {
  return {job, restarts, /*branch=*/1, step, /*requeue=*/true, /*stop_seconds=*/1.0};
}

StartInJob From(int64_t began_at, int64_t checkpoint) {
  return {/*branch=*/1, began_at, checkpoint, /*end_wanted=*/false};
}

TEST(ShouldRequeueTest, ARunThatAdvancedIsQueuedAgain) {
  EXPECT_TRUE(ShouldRequeue(Job("12", 0), From(0, 40), std::nullopt).ok());
  EXPECT_TRUE(ShouldRequeue(Job("12", 1), From(40, 60), Queued("12", 0, 40)).ok());
  EXPECT_TRUE(ShouldRequeue(Job("13", 0), From(40, 60), Queued("12", 0, 40)).ok());
}

TEST(ShouldRequeueTest, OneThatDidNotIsNot) {
  for (const int64_t checkpoint : {int64_t{-1}, int64_t{39}, int64_t{40}}) {
    const Status no = ShouldRequeue(Job("12", 1), From(40, checkpoint), std::nullopt);
    EXPECT_EQ(no.code(), StatusCode::kFailedPrecondition);
    EXPECT_THAT(no.message(), HasSubstr("no checkpoint beyond step 40"));
  }
  // It went back behind where it was queued again before.
  const Status no = ShouldRequeue(Job("12", 2), From(20, 40), Queued("12", 1, 40));
  EXPECT_THAT(no.message(), HasSubstr("does not advance"));
}

TEST(ShouldRequeueTest, OnceAStart) {
  const Status no = ShouldRequeue(Job("12", 1), From(40, 60), Queued("12", 1, 40));
  EXPECT_THAT(no.message(), HasSubstr("queued again already"));
}

TEST(ShouldRequeueTest, AnotherBranchCountsAnew) {
  LastStop last = Queued("12", 1, 1000);
  StartInJob start = From(20, 40);
  start.branch = 2;
  EXPECT_TRUE(ShouldRequeue(Job("12", 2), start, last).ok());
}

TEST(ShouldRequeueTest, WhoeverEndsTheJobHasDecided) {
  StartInJob start = From(0, 40);
  start.end_wanted = true;
  EXPECT_THAT(ShouldRequeue(Job("12", 0), start, std::nullopt).message(), HasSubstr("TERM"));
}

class LastStopTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = ::testing::TempDir() + "/lockstep_last_stop." + std::to_string(::getpid());
    ASSERT_TRUE(MakeDirs(folder_).ok());
  }
  void TearDown() override { EXPECT_TRUE(RemoveTree(folder_).ok()); }

  std::string folder_;
};

TEST_F(LastStopTest, IsReadAsItWasWritten) {
  const auto none = ReadLastStop(folder_);
  ASSERT_TRUE(none.ok()) << none.status();
  EXPECT_FALSE(none->has_value());
  const LastStop stop = {"12", 3, 2, 4711, true, 1.25};
  ASSERT_TRUE(WriteLastStop(folder_, stop).ok());
  const auto read = ReadLastStop(folder_);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(*read, stop);
}

TEST_F(LastStopTest, ADamagedOneIsNamed) {
  const std::string whole = EncodeLastStop(Queued("12", 0, 1));
  for (const std::string& text : {std::string(), std::string("{}"), whole.substr(0, 20),
                                  whole + "x", std::string(100000, '[')}) {
    ASSERT_TRUE(WriteFileAtomic(folder_ + "/slurm.json", text).ok());
    const auto read = ReadLastStop(folder_);
    EXPECT_EQ(read.status().code(), StatusCode::kDataLoss) << text.substr(0, 40);
    EXPECT_THAT(read.status().ToString(), HasSubstr("slurm.json"));
  }
}

}  // namespace
}  // namespace lockstep::cluster
