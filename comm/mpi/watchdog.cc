// SPDX-License-Identifier: Apache-2.0
#include "comm/mpi/watchdog.h"

#include <utility>

namespace lockstep::comm {

Watchdog::Watchdog(Deadline deadline, std::function<void()> expired)
    : deadline_(deadline),
      expired_(std::move(expired)),
      thread_("that watches over MPI", [this] { Watch(); }) {}

Watchdog::~Watchdog() {
  {
    MutexLock lock(&mutex_);
    disarmed_ = true;
    changed_.NotifyAll();
  }
  thread_.Join();
}

void Watchdog::Watch() {
  {
    MutexLock lock(&mutex_);
    while (!disarmed_ && !deadline_.Passed()) changed_.WaitUntil(&mutex_, deadline_.when());
    if (disarmed_) return;
  }
  expired_();
}

}  // namespace lockstep::comm
