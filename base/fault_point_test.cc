// SPDX-License-Identifier: Apache-2.0
#include "base/fault_point.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <thread>

#include "base/clock.h"

namespace lockstep {
namespace {

class FaultPointTest : public testing::Test {
 protected:
  void TearDown() override { SetFaultsForTesting(""); }
};

TEST_F(FaultPointTest, NothingFailsUnasked) {
  SetFaultsForTesting("");
  EXPECT_EQ(FaultPoint("a"), 0);
}

TEST_F(FaultPointTest, TheNthTimeFailsAndNoOther) {
  SetFaultsForTesting("a:eio@2,b:enospc@2+");
  EXPECT_EQ(FaultPoint("a"), 0);
  EXPECT_EQ(FaultPoint("a"), EIO);
  EXPECT_EQ(FaultPoint("a"), 0);
  EXPECT_EQ(FaultPoint("b"), 0);
  EXPECT_EQ(FaultPoint("b"), ENOSPC);
  EXPECT_EQ(FaultPoint("b"), ENOSPC);
  EXPECT_EQ(FaultPoint("c"), 0);
}

TEST_F(FaultPointTest, OneThatSleepsGoesOnLaterAndHoldsNobodyUp) {
  SetFaultsForTesting("a:sleep100,a:eio@2,b:eio");
  const TimePoint began = Clock::Real().Now();
  std::thread other([] { EXPECT_EQ(FaultPoint("b"), EIO); });
  EXPECT_EQ(FaultPoint("a"), 0);
  EXPECT_GE(Clock::Real().Now() - began, std::chrono::milliseconds(100));
  EXPECT_EQ(FaultPoint("a"), EIO);
  other.join();
}

TEST_F(FaultPointTest, OnlyInTheProcessNamed) {
  SetFaultProcessName("1");
  SetFaultsForTesting("a:eio@1+#0");
  EXPECT_EQ(FaultPoint("a"), 0);
  SetFaultsForTesting("a:eio@1+#1");
  EXPECT_EQ(FaultPoint("a"), EIO);
}

TEST(FaultPointDeathTest, KillsAndRefusesWhatItDoesNotUnderstand) {
  EXPECT_EXIT(
      {
        SetFaultsForTesting("a:kill");
        FaultPoint("a");
      },
      testing::KilledBySignal(SIGKILL), "");
  EXPECT_EXIT(SetFaultsForTesting("a:explode"), testing::ExitedWithCode(64), "a:explode");
  EXPECT_EXIT(SetFaultsForTesting("a:kill@0"), testing::ExitedWithCode(64), "expected NAME:ACTION");
}

}  // namespace
}  // namespace lockstep
