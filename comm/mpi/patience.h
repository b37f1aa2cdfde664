// SPDX-License-Identifier: Apache-2.0
// Patience: how a poll loop waits between looks. First it only gives the core away, so that an
// answer that is near is seen at once; after a while it sleeps, so that waiting ranks leave the
// cores to those that compute. Ranks may well be more than cores.
#pragma once

#include <sched.h>
#include <time.h>

#include <algorithm>

namespace lockstep::comm {

class Patience {
 public:
  void Reset() { looks_ = 0; }

  void Wait() {
    if (++looks_ <= kYields) {
      sched_yield();
      return;
    }
    const int doublings = std::min((looks_ - kYields) / 64, 3);
    const timespec pause = {0, kShortestSleepNs << doublings};
    nanosleep(&pause, nullptr);
  }

 private:
  static constexpr int kYields = 50;
  static constexpr long kShortestSleepNs = 50'000;
  int looks_ = 0;
};

}  // namespace lockstep::comm
