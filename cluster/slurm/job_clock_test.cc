// SPDX-License-Identifier: Apache-2.0
// The clock of a job, with ends that are near or long past: nothing here measures time.
#include "cluster/slurm/job_clock.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>

namespace lockstep::cluster {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::HasSubstr;

TimePoint In(Duration d) { return Clock::Real().Now() + d; }

class JobClockTest : public ::testing::Test {
 protected:
  JobClock::Options Options() {
    JobClock::Options options;
    options.margin = minutes(1);
    options.cost = [this] { return Duration(cost_.load()); };
    options.ask_end = [this]() -> Result<std::optional<TimePoint>> {
      asked_.set_value();
      return answer_;
    };
    options.stop = [this](const std::string& reason) { stopped_.set_value(reason); };
    options.between_looks = milliseconds(1);
    return options;
  }

  std::atomic<Duration::rep> cost_{0};
  std::promise<void> asked_;
  std::promise<std::string> stopped_;
  Result<std::optional<TimePoint>> answer_ = Unavailable("no answer");
};

TEST_F(JobClockTest, WishesAStopWhenOnlyTheMarginIsLeft) {
  const auto clock = JobClock::Start(In(seconds(50)), Options());
  ASSERT_TRUE(clock.ok()) << clock.status();
  EXPECT_THAT(stopped_.get_future().get(), HasSubstr("the SLURM job ends in "));
}

TEST_F(JobClockTest, WhatASaveTakesComesOnTop) {
  const TimePoint end = In(hours(1));
  const auto clock = JobClock::Start(end, Options());
  ASSERT_TRUE(clock.ok()) << clock.status();
  auto stopped = stopped_.get_future();
  EXPECT_EQ(stopped.wait_for(milliseconds(20)), std::future_status::timeout);
  cost_.store(Duration(hours(2)).count());  // a save was measured
  EXPECT_THAT(stopped.get(), HasSubstr("a step and a checkpoint have taken 7200.0 s at most"));
}

TEST_F(JobClockTest, ALimitThatWasRaisedIsNoticed) {
  answer_ = std::optional<TimePoint>(In(hours(10)));
  auto stopped = stopped_.get_future();
  {
    const auto clock = JobClock::Start(In(seconds(1)), Options());
    ASSERT_TRUE(clock.ok()) << clock.status();
    asked_.get_future().wait();
  }
  EXPECT_EQ(stopped.wait_for(seconds(0)), std::future_status::timeout);
}

TEST_F(JobClockTest, ALimitThatWasLiftedEndsTheClock) {
  answer_ = std::optional<TimePoint>();
  auto stopped = stopped_.get_future();
  {
    const auto clock = JobClock::Start(In(seconds(1)), Options());
    ASSERT_TRUE(clock.ok()) << clock.status();
    asked_.get_future().wait();
  }
  EXPECT_EQ(stopped.wait_for(seconds(0)), std::future_status::timeout);
}

TEST_F(JobClockTest, EndsWithItsRun) {
  JobClock::Options options = Options();
  options.between_looks = hours(1);
  auto stopped = stopped_.get_future();
  { const auto clock = JobClock::Start(In(hours(1)), options); }
  EXPECT_EQ(stopped.wait_for(seconds(0)), std::future_status::timeout);
}

}  // namespace
}  // namespace lockstep::cluster
