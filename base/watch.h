// SPDX-License-Identifier: Apache-2.0
// Watch: what long work and whoever waits for it say to one another. The work enters its phases
// and, between its pieces, looks whether it is to stop. Neither field is needed.
#pragma once

#include <atomic>

#include "base/status.h"

namespace lockstep {

// OK, or cancelled once `stop` (may be null) is set.
inline Status CheckStop(const std::atomic<bool>* stop) {
  if (stop == nullptr || !stop->load(std::memory_order_relaxed)) return OkStatus();
  return Cancelled("stopped on request");
}

// What a run that was asked to stop says where nothing of it has begun.
inline Status StoppedBeforeTheRun() { return Cancelled("stopped on request before the run began"); }

struct Watch {
  const std::atomic<bool>* stop = nullptr;    // set: the work ends with cancelled at its next look
  std::atomic<const char*>* phase = nullptr;  // where the work is; a literal

  void Enter(const char* name) const {
    if (phase != nullptr) phase->store(name);
  }
  Status KeepGoing() const { return CheckStop(stop); }
};

}  // namespace lockstep
