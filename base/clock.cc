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
  static const SteadyClock clock;
  return clock;
}

}  // namespace lockstep
