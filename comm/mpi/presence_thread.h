// SPDX-License-Identifier: Apache-2.0
// PresenceThread: says, about once a second, where this rank is, and hears where others are, from
// MPI_Init's return until MPI_Finalize is about to be called. A rank that falls silent is named
// within the limit, whatever the others wait for: the connection fails with its name. A rank that
// does not end after that is ended.
#pragma once

#include <memory>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/status.h"
#include "base/thread.h"
#include "comm/mpi/mpi_connection.h"
#include "comm/mpi/presence_book.h"
#include "comm/presence.h"

namespace lockstep::comm {

class PresenceThread {
 public:
  // Fails with resource-exhausted where no thread can be started. `presence` outlives it.
  static Result<std::unique_ptr<PresenceThread>> Start(std::shared_ptr<MpiConnection> connection,
                                                       const Presence* presence);
  ~PresenceThread() EXCLUDES(mutex_);
  PresenceThread(const PresenceThread&) = delete;
  PresenceThread& operator=(const PresenceThread&) = delete;

  // How long a rank may be silent.
  void SetLimit(Duration limit) EXCLUDES(mutex_);

 private:
  PresenceThread(std::shared_ptr<MpiConnection> connection, const Presence* presence);
  void Run() EXCLUDES(mutex_);
  Status Beat() EXCLUDES(mutex_);
  PresenceBeat OwnBeat() const;
  // Waits until this is destroyed; ends the process where that takes too long.
  void AwaitEnd(const Status& failure) EXCLUDES(mutex_);

  const std::shared_ptr<MpiConnection> connection_;
  const Presence* const presence_;
  Mutex mutex_;
  CondVar changed_;
  bool ending_ GUARDED_BY(mutex_) = false;
  PresenceBook book_ GUARDED_BY(mutex_);
  Thread thread_;  // last: it uses the fields above
};

}  // namespace lockstep::comm
