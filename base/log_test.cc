// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "base/file.h"
#include "base/testing/stderr_writes.h"

namespace lockstep {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class LogTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = ::testing::TempDir() + "/lockstep_log_test." + std::to_string(::getpid());
    ASSERT_TRUE(MakeDirs(folder_).ok());
    file_ = folder_ + "/log.txt";
  }
  void TearDown() override {
    EXPECT_TRUE(StartLogging({}).ok());
    EXPECT_TRUE(RemoveTree(folder_).ok());
  }
  std::string Logged() {
    FlushLogs();
    return *ReadFile(file_);
  }

  std::string folder_;
  std::string file_;
};

TEST_F(LogTest, LinesGoToTheFileWithLevelAndThreadPrefix) {
  ASSERT_TRUE(StartLogging({.level = LogLevel::kInfo, .to_stderr = false, .file = file_}).ok());
  LOG(kInfo) << "loss " << 2.5 << " {not a format}";
  std::thread([] {
    const LogPrefix rank("rank 3");
    LOG(kWarning) << "outer";
    {
      const LogPrefix lane("lane 1");
      LOG(kWarning) << "inner";
    }
    LOG(kError) << "outer again";
  }).join();
  const std::string text = Logged();
  EXPECT_THAT(text, HasSubstr(" info loss 2.5 {not a format}\n"));
  EXPECT_THAT(text, HasSubstr(" warning [rank 3] outer\n"));
  EXPECT_THAT(text, HasSubstr(" warning [lane 1] inner\n"));
  EXPECT_THAT(text, HasSubstr(" error [rank 3] outer again\n"));
}

TEST_F(LogTest, WhatIsBelowTheLevelIsNeitherWrittenNorEvaluated) {
  ASSERT_TRUE(StartLogging({.level = LogLevel::kWarning, .to_stderr = false, .file = file_}).ok());
  int evaluated = 0;
  const auto count = [&evaluated] { return ++evaluated; };
  LOG(kInfo) << "dropped " << count();
  LOG(kWarning) << "kept " << count();
  EXPECT_EQ(evaluated, 1);
  EXPECT_FALSE(LogEnabled(LogLevel::kDebug));
  EXPECT_TRUE(LogEnabled(LogLevel::kError));
  EXPECT_THAT(Logged(), Not(HasSubstr("dropped")));
}

TEST_F(LogTest, ALineIsOneWriteSoThatThoseOfSeveralProcessesDoNotMix) {
  ASSERT_TRUE(StartLogging({}).ok());
  const StderrWrites written;
  LOG(kInfo) << "loss " << 2.5;
  LOG(kWarning) << "late";
  const std::vector<std::string> lines = written.Take();
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_THAT(lines[0], ::testing::EndsWith(" info loss 2.5\n"));
  EXPECT_THAT(lines[1], ::testing::EndsWith(" warning late\n"));
}

TEST_F(LogTest, MayStandInABranchWithoutBraces) {
  ASSERT_TRUE(StartLogging({.to_stderr = false, .file = file_}).ok());
  for (const bool yes : {true, false}) {
    if (yes)
      LOG(kInfo) << "then";
    else
      LOG(kInfo) << "else";
  }
  EXPECT_THAT(Logged(), HasSubstr("then"));
  EXPECT_THAT(Logged(), HasSubstr("else"));
}

TEST_F(LogTest, AFileThatCannotBeOpenedIsAStatusAndLoggingGoesOnAsBefore) {
  ASSERT_TRUE(StartLogging({.to_stderr = false, .file = file_}).ok());
  const std::string other = file_ + "/is/no/folder";
  const Status status = StartLogging({.to_stderr = false, .file = other});
  EXPECT_EQ(status.code(), StatusCode::kIoError);
  EXPECT_THAT(status.message(), HasSubstr(other));
  LOG(kInfo) << "still here";
  EXPECT_THAT(Logged(), HasSubstr("still here"));
}

}  // namespace
}  // namespace lockstep
