// SPDX-License-Identifier: Apache-2.0
#include "comm/mpi/watchdog.h"

#include <gtest/gtest.h>

#include <future>

namespace lockstep::comm {
namespace {

TEST(WatchdogTest, CallsWhatItWasGivenOnceTheDeadlineHasPassed) {
  std::promise<void> called;
  Watchdog watchdog(Deadline::In(std::chrono::milliseconds(1)), [&] { called.set_value(); });
  EXPECT_EQ(called.get_future().wait_for(std::chrono::seconds(60)), std::future_status::ready);
}

TEST(WatchdogTest, IsSilentWhenItIsDestroyedInTime) {
  bool called = false;
  {
    Watchdog watchdog(Deadline::In(std::chrono::hours(1)), [&] { called = true; });
  }
  {
    Watchdog watchdog(Deadline::Never(), [&] { called = true; });
  }
  EXPECT_FALSE(called);
}

}  // namespace
}  // namespace lockstep::comm
