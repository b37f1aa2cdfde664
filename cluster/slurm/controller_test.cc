// SPDX-License-Identifier: Apache-2.0
// Forms of a time; what real daemons answer is tests/slurm.
#include "cluster/slurm/controller.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep::cluster {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;

TEST(ControllerTest, TimeLimitsAreReadAsSbatchReadsThem) {
  const std::pair<const char*, int> limits[] = {
      {"5", 300},       {"90:00", 5400},     {"1:30:00", 5400},      {"01:00:00", 3600},
      {"1-12", 129600}, {"1-12:30", 131400}, {"1-12:30:01", 131401}, {"0:01", 1},
  };
  for (const auto& [text, expected] : limits) {
    const auto limit = ParseTimeLimit(text);
    ASSERT_TRUE(limit.ok()) << limit.status();
    EXPECT_EQ(*limit, seconds(expected)) << text;
  }
}

TEST(ControllerTest, NonsenseIsNoTimeLimit) {
  for (const char* text : {"", "0", "0:00", "soon", "1h", "-5", "1:2:3:4", "1-", "-1", "1-2-3", ":",
                           "1:", ":1", "1.5", " 5", "99999999999999999999"}) {
    const auto limit = ParseTimeLimit(text);
    EXPECT_EQ(limit.status().code(), StatusCode::kInvalidArgument) << text;
    EXPECT_THAT(limit.status().message(), HasSubstr("--time '" + std::string(text) + "'"));
    EXPECT_THAT(limit.status().message(), HasSubstr("HH:MM:SS"));
  }
}

TEST(ControllerTest, MoreThanTenYearsAreNoTimeLimit) {
  EXPECT_TRUE(ParseTimeLimit("3650-00:00:00").ok());
  for (const char* text :
       {"999999999-999999999", "3650-00:00:01", "999999999", "999999999:00:00"}) {
    const auto limit = ParseTimeLimit(text);
    EXPECT_EQ(limit.status().code(), StatusCode::kInvalidArgument) << text;
    EXPECT_THAT(limit.status().message(), HasSubstr("at most 3650-00:00:00"));
  }
  const auto job = ParseJobState("RUNNING 999999999-00:00:00");
  ASSERT_TRUE(job.ok()) << job.status();
  EXPECT_FALSE(job->left);
}

TEST(ControllerTest, ReadsWhatSqueueSays) {
  const std::pair<const char*, int> lines[] = {{"RUNNING 4:58", 298},
                                               {"RUNNING 1:00:00", 3600},
                                               {"RUNNING 2-00:00:01", 172801},
                                               {"COMPLETING INVALID", 0}};
  for (const auto& [line, expected] : lines) {
    const auto job = ParseJobState(line);
    ASSERT_TRUE(job.ok()) << job.status();
    ASSERT_TRUE(job->left) << line;
    EXPECT_EQ(*job->left, seconds(expected)) << line;
  }
  const auto endless = ParseJobState("RUNNING UNLIMITED");
  ASSERT_TRUE(endless.ok());
  EXPECT_EQ(endless->state, "RUNNING");
  EXPECT_FALSE(endless->left);
}

TEST(ControllerTest, AnythingElseOfSqueueIsRefused) {
  for (const char* line : {"", "RUNNING", " 4:58", "RUNNING soon", "RUNNING "}) {
    EXPECT_EQ(ParseJobState(line).status().code(), StatusCode::kDataLoss) << line;
  }
}

}  // namespace
}  // namespace lockstep::cluster
