// SPDX-License-Identifier: Apache-2.0
// The one place that reads the time, for progress, logs and deadlines only: no decision that
// changes bits may depend on it.
#pragma once

#include <chrono>

namespace lockstep {

using TimePoint = std::chrono::steady_clock::time_point;
using Duration = std::chrono::steady_clock::duration;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimePoint Now() const = 0;
  static const Clock& Real();  // the monotonic clock of the machine
};

// A clock that stands still until a test moves it.
class HeldClock : public Clock {
 public:
  TimePoint Now() const override { return now_; }
  void Advance(Duration by) { now_ += by; }

 private:
  TimePoint now_{};
};

// The moment by which an operation must have ended. Every blocking call takes one.
class Deadline {
 public:
  static Deadline In(Duration d) { return Deadline(Clock::Real().Now() + d); }
  static Deadline Never() { return Deadline(TimePoint::max()); }
  TimePoint when() const { return when_; }
  bool Passed() const { return Clock::Real().Now() >= when_; }

 private:
  explicit Deadline(TimePoint when) : when_(when) {}
  TimePoint when_;
};

}  // namespace lockstep
