// SPDX-License-Identifier: Apache-2.0
#include "cluster/slurm/tool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep::cluster {
namespace {

using ::testing::HasSubstr;

Deadline Generous() { return Deadline::In(std::chrono::minutes(1)); }

TEST(ToolTest, GivesTheInputAndReadsBothOutputsAndTheExitCode) {
  const std::string input(300000, 'x');  // more than a pipe holds
  const auto said =
      RunTool({"sh", "-c", "wc -c; echo ah >&2; echo oops >&2; exit 3"}, input, Generous());
  ASSERT_TRUE(said.ok()) << said.status();
  EXPECT_EQ(said->out, "300000\n");
  EXPECT_EQ(said->err, "ah\noops\n");
  EXPECT_EQ(said->exit_code, 3);
  EXPECT_EQ(LastWords(*said), "oops");
}

TEST(ToolTest, OneThatDoesNotReadItsInputIsNoFailure) {
  const auto said = RunTool({"true"}, std::string(300000, 'x'), Generous());
  ASSERT_TRUE(said.ok()) << said.status();
  EXPECT_EQ(said->exit_code, 0);
  EXPECT_EQ(LastWords(*said), "exit code 0");
}

TEST(ToolTest, OneThatIsNotThereIsNotFound) {
  const auto said = RunTool({"no-such-program-here"}, "", Generous());
  EXPECT_EQ(said.status().code(), StatusCode::kNotFound);
  EXPECT_THAT(said.status().message(), HasSubstr("'no-such-program-here' on the PATH"));
}

TEST(ToolTest, OneThatHangsIsEndedAtTheDeadline) {
  const auto said = RunTool({"sleep", "1000"}, "", Deadline::In(std::chrono::milliseconds(50)));
  EXPECT_EQ(said.status().code(), StatusCode::kDeadlineExceeded);
}

TEST(ToolTest, WhatIsSaidBeyondTheLimitIsLeftOut) {
  const auto said = RunTool({"sh", "-c", "yes | head -c 1000000; echo end >&2"}, "", Generous());
  ASSERT_TRUE(said.ok()) << said.status();
  EXPECT_EQ(said->out.size(), size_t{64} << 10);
  EXPECT_EQ(said->err, "end\n");
}

}  // namespace
}  // namespace lockstep::cluster
