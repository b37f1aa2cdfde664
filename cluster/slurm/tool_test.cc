// SPDX-License-Identifier: Apache-2.0
#include "cluster/slurm/tool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

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

// What a signal does in this process, until the end of a test.
class Disposition {
 public:
  Disposition(int number, void (*what)(int)) : number_(number), before_(::signal(number, what)) {}
  ~Disposition() { ::signal(number_, before_); }
  Disposition(const Disposition&) = delete;
  Disposition& operator=(const Disposition&) = delete;

 private:
  const int number_;
  void (*const before_)(int);
};

TEST(ToolTest, WhereThisProcessIgnoresAWishToEndSoDoesTheTool) {
  const std::vector<std::string> command = {"sh", "-c", "kill -TERM $$; echo still here"};
  {
    const Disposition usual(SIGTERM, SIG_DFL);
    const auto said = RunTool(command, "", Generous());
    ASSERT_TRUE(said.ok()) << said.status();
    EXPECT_EQ(said->exit_code, 128 + SIGTERM);
  }
  const Disposition ignored(SIGTERM, SIG_IGN);
  const auto said = RunTool(command, "", Generous());
  ASSERT_TRUE(said.ok()) << said.status();
  EXPECT_EQ(said->out, "still here\n");
  EXPECT_EQ(said->exit_code, 0);
}

TEST(ToolTest, AnEndThatNobodyHasSeenIsNoSuccess) {
  const Disposition ignored(SIGCHLD, SIG_IGN);  // the system takes note of it then
  const auto said = RunTool({"true"}, "", Generous());
  EXPECT_EQ(said.status().code(), StatusCode::kInternal) << said.status();
  EXPECT_THAT(said.status().message(), HasSubstr("how 'true' ended is not known"));
}

TEST(ToolTest, WhatIsSaidBeyondTheLimitIsLeftOut) {
  const auto said = RunTool({"sh", "-c", "yes | head -c 1000000; echo end >&2"}, "", Generous());
  ASSERT_TRUE(said.ok()) << said.status();
  EXPECT_EQ(said->out.size(), size_t{64} << 10);
  EXPECT_EQ(said->err, "end\n");
}

}  // namespace
}  // namespace lockstep::cluster
