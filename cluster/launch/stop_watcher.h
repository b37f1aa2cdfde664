// SPDX-License-Identifier: Apache-2.0
// StopWatcher: a thread beside a command that acknowledges a wish to stop within a second, whatever
// the command is busy with, and sees to it that one comes when the launcher of this rank is gone.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <ostream>
#include <string>

#include "base/process.h"
#include "base/status.h"
#include "base/thread.h"
#include "cluster/console/console.h"

namespace lockstep::cluster {

// What a command does with a wish to stop.
struct StopManner {
  // It looks at the flag and ends by itself. Else it has nothing half-made to clear away, and the
  // process is ended for it, with cancelled's exit code.
  bool looks = false;
  std::string doing;  // said when the wish comes: "finishing the step and writing a checkpoint"
};

// "lockstep: SIGINT: finishing the step and writing a checkpoint; a second SIGINT or SIGTERM ends
// the process at once", for what FirstStopSignal() says; 0: `reason` is another.
std::string StopLine(int signal, const std::string& reason, const StopManner& manner);

class StopWatcher {
 public:
  // Resource-exhausted where no thread can be started. Lines go to `console`'s terminal or to
  // standard error, on rank 0 alone: a launcher tells every rank. `launcher` (may be none) is
  // watched.
  static Result<std::unique_ptr<StopWatcher>> Start(const Console& console, StopManner manner,
                                                    std::optional<AncestorProcess> launcher);
  ~StopWatcher();
  StopWatcher(const StopWatcher&) = delete;
  StopWatcher& operator=(const StopWatcher&) = delete;

 private:
  StopWatcher(const Console& console, StopManner manner, std::optional<AncestorProcess> launcher);
  void Watch();
  void Acknowledge(const std::string& reason);

  const std::atomic<bool>* const stop_;
  const bool terminal_;
  const bool speaks_;
  const StopManner manner_;
  const std::optional<AncestorProcess> launcher_;
  std::atomic<bool> ending_{false};
  Thread thread_;  // last: it uses the fields above
};

}  // namespace lockstep::cluster
