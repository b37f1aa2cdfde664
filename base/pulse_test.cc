// SPDX-License-Identifier: Apache-2.0
#include "base/pulse.h"

#include <gtest/gtest.h>

namespace lockstep {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class PulseTest : public testing::Test {
 protected:
  void Run(Duration time) {
    for (Duration passed{}; passed < time; passed += milliseconds(200)) {
      clock_.Advance(milliseconds(200));
      pulse_.Beat();
    }
  }

  HeldClock clock_;
  Pulse pulse_{&clock_};
};

TEST_F(PulseTest, AProcessThatRunsHasNotStoodStill) {
  const TimePoint began = clock_.Now();
  Run(seconds(60));
  clock_.Advance(Pulse::kStandstill);  // as late as a busy machine may be
  pulse_.Beat();
  EXPECT_EQ(pulse_.StoodStillSince(began), Duration::zero());
}

TEST_F(PulseTest, StandstillsAddUpFromTheMomentThatIsAskedFor) {
  pulse_.Beat();
  const TimePoint began = clock_.Now();
  clock_.Advance(seconds(5));
  pulse_.Beat();
  Run(seconds(2));
  const TimePoint between = clock_.Now();
  clock_.Advance(seconds(7));
  pulse_.Beat();
  Run(seconds(2));
  EXPECT_EQ(pulse_.StoodStillSince(began), seconds(12));
  EXPECT_EQ(pulse_.StoodStillSince(between), seconds(7));
  EXPECT_EQ(pulse_.StoodStillSince(between + seconds(3)), seconds(4));
  EXPECT_EQ(pulse_.StoodStillSince(clock_.Now()), Duration::zero());
}

TEST_F(PulseTest, WhoeverWakesBeforeThePulseKnowsToo) {
  pulse_.Beat();
  const TimePoint began = clock_.Now();
  clock_.Advance(seconds(5));
  EXPECT_EQ(pulse_.StoodStillSince(began), seconds(5));
  pulse_.Beat();
  EXPECT_EQ(pulse_.StoodStillSince(began), seconds(5));
}

TEST_F(PulseTest, WithoutABeatNothingIsKnown) {
  const TimePoint began = clock_.Now();
  clock_.Advance(seconds(100));
  EXPECT_EQ(pulse_.StoodStillSince(began), Duration::zero());
  pulse_.Beat();
  EXPECT_EQ(pulse_.StoodStillSince(began), Duration::zero());
}

TEST_F(PulseTest, TheLongestStandstillCountsWholeWhereItsEndIsNotTooLongAgo) {
  pulse_.Beat();
  for (const int length : {9, 4, 3}) {
    clock_.Advance(seconds(length));
    pulse_.Beat();
    Run(seconds(10));
  }
  const TimePoint now = clock_.Now();
  EXPECT_EQ(pulse_.LongestEndedSince(now - seconds(9)), Duration::zero());
  EXPECT_EQ(pulse_.LongestEndedSince(now - seconds(11)), seconds(3));
  EXPECT_EQ(pulse_.LongestEndedSince(now - seconds(24)), seconds(4));
  EXPECT_EQ(pulse_.LongestEndedSince(now - seconds(60)), seconds(9));
  clock_.Advance(seconds(20));
  EXPECT_EQ(pulse_.LongestEndedSince(clock_.Now()), seconds(20)) << "it lasts";
}

TEST_F(PulseTest, ADeadlineIsPutOffByAStandstill) {
  pulse_.Beat();
  const TimePoint began = clock_.Now();
  Run(seconds(3));
  const TimePoint end = began + seconds(5);
  EXPECT_EQ(pulse_.PutOff(end, began), end);
  clock_.Advance(seconds(100));
  EXPECT_EQ(pulse_.PutOff(end, began), end + seconds(100)) << "before the pulse knows";
  pulse_.Beat();
  Run(seconds(1));
  EXPECT_EQ(pulse_.PutOff(end, began), end + seconds(100));
  EXPECT_EQ(pulse_.PutOff(end, clock_.Now()), end) << "a wait that began after it";
  EXPECT_EQ(pulse_.PutOff(TimePoint::max(), began), TimePoint::max());
}

}  // namespace
}  // namespace lockstep
