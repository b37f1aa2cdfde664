// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"

#include <gtest/gtest.h>

namespace lockstep {
namespace {

// Asks the clock when everything that was made after the start of the program is destroyed. Threads
// that nobody joins do so too; a sanitizer tells of a clock that is gone by then.
struct AsksAtTheVeryEnd {
  ~AsksAtTheVeryEnd() { (void)Clock::Real().Now(); }
};
const AsksAtTheVeryEnd asks_at_the_very_end;

TEST(ClockTest, RealTimeDoesNotGoBack) {
  TimePoint last = Clock::Real().Now();
  for (int i = 0; i < 1000; ++i) {
    const TimePoint now = Clock::Real().Now();
    EXPECT_GE(now, last);
    last = now;
  }
}

TEST(ClockTest, AHeldClockMovesOnlyByHand) {
  HeldClock clock;
  const TimePoint start = clock.Now();
  EXPECT_EQ(clock.Now(), start);
  clock.Advance(std::chrono::seconds(5));
  EXPECT_EQ(clock.Now() - start, std::chrono::seconds(5));
}

TEST(ClockTest, Deadlines) {
  EXPECT_TRUE(Deadline::In(Duration(0)).Passed());
  EXPECT_TRUE(Deadline::In(std::chrono::seconds(-1)).Passed());
  EXPECT_FALSE(Deadline::In(std::chrono::hours(1)).Passed());
  EXPECT_FALSE(Deadline::Never().Passed());
  EXPECT_EQ(Deadline::Never().when(), TimePoint::max());
}

}  // namespace
}  // namespace lockstep
