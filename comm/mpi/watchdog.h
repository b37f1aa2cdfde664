// SPDX-License-Identifier: Apache-2.0
// Watchdog: guards a call that may block for ever and takes no deadline (MPI_Init, MPI_Finalize).
// If it is not destroyed in time, a thread of its own calls `expired`, which ends the process.
#pragma once

#include <functional>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/thread.h"

namespace lockstep::comm {

class Watchdog {
 public:
  Watchdog(Deadline deadline, std::function<void()> expired);
  ~Watchdog() EXCLUDES(mutex_);  // disarms; waits for `expired` if it has begun
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

 private:
  void Watch() EXCLUDES(mutex_);

  const Deadline deadline_;
  const std::function<void()> expired_;
  Mutex mutex_;
  CondVar changed_;
  bool disarmed_ GUARDED_BY(mutex_) = false;
  Thread thread_;  // last: it uses the fields above
};

}  // namespace lockstep::comm
