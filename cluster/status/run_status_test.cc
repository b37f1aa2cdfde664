// SPDX-License-Identifier: Apache-2.0
// What is said of a run that another machine holds: nothing but its files can be looked at.
// tests/cli/status_test.py has the runs of this machine.
#include "cluster/status/run_status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "base/process.h"
#include "storage/env/testing/scratch_directory.h"

namespace lockstep::cluster {
namespace {

using ::testing::HasSubstr;

class ForeignRunTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string folder = run_.path() + "/generations";
    ASSERT_TRUE(MakeDirs(folder).ok());
    const storage::GenerationInfo info{
        .number = 1, .host = "elsewhere", .boot_id = "b", .pid = 1, .process_start = "1"};
    ASSERT_TRUE(WriteFileAtomic(folder + "/g000001", storage::EncodeGeneration(info)).ok());
  }

  // `time`: when its coordinator says it wrote this.
  void Write(const std::string& time) {
    storage::GenerationStatus status;
    status.generation = 1;
    status.time = time;
    status.step = 40;
    status.total_steps = 100;
    status.steps_per_epoch = 50;
    status.samples = 1000;
    status.elapsed_ms = 20'000;
    status.recent_steps = 40;
    status.recent_ms = 20'000;
    status.ranks = {{0, "elsewhere", 1, "exchange", 40, 20, false}};
    ASSERT_TRUE(storage::WriteGenerationStatus(run_.path(), status).ok());
  }

  RunStatus Read() {
    Result<RunStatus> status = ReadRunStatus(run_.path(), /*verify=*/true);
    EXPECT_TRUE(status.ok()) << status.status();
    return status.ok() ? *std::move(status) : RunStatus();
  }

  void ExpectRunning() {
    const RunStatus status = Read();
    EXPECT_EQ(status.state, "running") << status.detail;
    ASSERT_TRUE(status.position);
    EXPECT_EQ(status.position->step, 40);
    EXPECT_EQ(status.position->from, "its coordinator");
    EXPECT_EQ(status.steps_per_second, 2.0);
    EXPECT_EQ(status.seconds_left, 30.0);
    EXPECT_EQ(status.ranks.size(), 1u);
    EXPECT_EQ(status.generations.at(0).end, "running");
  }

  const storage::ScratchDirectory run_;
};

TEST_F(ForeignRunTest, RunsWhereItsCoordinatorHasJustWritten) {
  Write(UtcTimeText());
  ExpectRunning();
}

TEST_F(ForeignRunTest, WithoutATimeTheFileSaysWhenItWasWritten) {
  Write("");
  ExpectRunning();
}

TEST_F(ForeignRunTest, OneThatIsSilentIsHeld) {
  Write("2026-01-01T00:00:00Z");
  const RunStatus status = Read();
  EXPECT_EQ(status.state, "held");
  EXPECT_THAT(status.detail, HasSubstr("held by a process of another machine, silent for "));
  EXPECT_FALSE(status.seconds_left);
}

TEST_F(ForeignRunTest, OneThatHasWrittenNothingIsHeld) {
  const RunStatus status = Read();
  EXPECT_EQ(status.state, "held");
  EXPECT_EQ(status.detail, "held by a process of another machine");
}

}  // namespace
}  // namespace lockstep::cluster
