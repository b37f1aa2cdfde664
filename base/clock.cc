// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"

namespace lockstep {
namespace {

class SteadyClock : public Clock {
 public:
  TimePoint Now() const override { return std::chrono::steady_clock::now(); }
};

}  // namespace

const Clock& Clock::Real() {
  // It is never destroyed: a detached thread (that of base/pulse.h) asks it also while the process
  // exits.
  static const auto* const clock = new SteadyClock;
  return *clock;
}

}  // namespace lockstep
