// SPDX-License-Identifier: Apache-2.0
// Pulse: tells a process that it stood still itself, because it was stopped by a signal, suspended
// with its machine, or left without a core. Whoever judges the silence of others takes off the time
// in which nobody could have been heard, and blames nobody for it.
#pragma once

#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"

namespace lockstep {

class Pulse {
 public:
  // A longer time between two beats is a standstill. A busy machine may well delay a beat by less.
  static constexpr Duration kStandstill = std::chrono::seconds(1);

  // The pulse of this process, with a thread that beats; it lives for ever. Where no thread can be
  // had it does not beat, and nothing counts as a standstill.
  static const Pulse& OfProcess();

  explicit Pulse(const Clock* clock) : clock_(clock) {}  // for tests: whoever owns it beats
  Pulse(const Pulse&) = delete;
  Pulse& operator=(const Pulse&) = delete;

  void Beat() EXCLUDES(mutex_);
  // How long this process has stood still since then, the present standstill included; zero: not.
  Duration StoodStillSince(TimePoint since) const EXCLUDES(mutex_);
  // The whole length of the longest standstill that ended after `since`, or lasts; zero: none.
  Duration LongestEndedSince(TimePoint since) const EXCLUDES(mutex_);
  // When a wait that began at `began` and was to end at `end` ends: later by the time in which this
  // process stood still, for others may have answered and it could not look.
  TimePoint PutOff(TimePoint end, TimePoint began) const;

 private:
  struct Standstill {
    TimePoint begin, end;
  };
  // The present one included.
  std::vector<Standstill> Standstills() const EXCLUDES(mutex_);

  const Clock* const clock_;
  mutable Mutex mutex_;
  bool beats_ GUARDED_BY(mutex_) = false;
  TimePoint last_ GUARDED_BY(mutex_){};
  std::vector<Standstill> standstills_ GUARDED_BY(mutex_);  // the newest last
};

}  // namespace lockstep
