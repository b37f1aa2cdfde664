// SPDX-License-Identifier: Apache-2.0
// Presence: where a rank is, for those who watch it while no coordinator does: from the start of
// MPI to its registration, and from its goodbye to the end of MPI. The rank's own threads write it;
// it is read by whoever carries it to the others (comm/mpi/presence_thread.h).
#pragma once

#include <atomic>

namespace lockstep::comm {

struct Presence {
  std::atomic<const char*> phase{"start"};  // a literal
  std::atomic<bool> member{false};          // its coordinator hears its heartbeats
};

}  // namespace lockstep::comm
