// SPDX-License-Identifier: Apache-2.0
#include "cluster/launch/stop_watcher.h"

#include <signal.h>
#include <unistd.h>

#include "base/log.h"
#include "cluster/launch/stop_signals.h"
#include "comm/rendezvous/launch_environment.h"

namespace lockstep::cluster {
namespace {

constexpr auto kBetweenLooks = std::chrono::milliseconds(500);

std::string SignalName(int signal) {
  switch (signal) {
    case SIGINT:
      return "SIGINT";
    case SIGTERM:
      return "SIGTERM";
    case SIGHUP:
      return "SIGHUP";
    case SIGUSR1:
      return "SIGUSR1";
    case SIGUSR2:
      return "SIGUSR2";
    case SIGXCPU:
      return "SIGXCPU (the limit on CPU time is reached)";
    default:
      return "signal " + std::to_string(signal);
  }
}

// A launcher passes a signal on to every rank: one of them answers.
bool IsFirstRank() {
  const auto launch = comm::ReadLaunchEnvironment(comm::ProcessEnvironment());
  return !launch.ok() || !launch->rank.has_value() || launch->rank->value == 0;
}

}  // namespace

std::string StopLine(int signal, const std::string& reason, const StopManner& manner) {
  const std::string why = signal == 0 ? reason : SignalName(signal);
  if (!manner.looks) return "lockstep: " + why + ": stopped on request";
  return "lockstep: " + why + ": " + manner.doing +
         "; a second SIGINT (Ctrl-C) or SIGTERM ends the process at once";
}

Result<std::unique_ptr<StopWatcher>> StopWatcher::Start(const Console& console, StopManner manner,
                                                        std::optional<AncestorProcess> launcher) {
  std::unique_ptr<StopWatcher> watcher(
      new StopWatcher(console, std::move(manner), std::move(launcher)));
  ASSIGN_OR_RETURN(watcher->thread_, Thread::Start("that watches for wishes to stop",
                                                   [raw = watcher.get()] { raw->Watch(); }));
  return watcher;
}

StopWatcher::StopWatcher(const Console& console, StopManner manner,
                         std::optional<AncestorProcess> launcher)
    : stop_(console.stop),
      terminal_(console.terminal),
      speaks_(IsFirstRank()),
      manner_(std::move(manner)),
      launcher_(std::move(launcher)) {}

StopWatcher::~StopWatcher() {
  ending_.store(true);
  WakeStopWaiter();
  if (thread_.joinable()) thread_.Join();
}

void StopWatcher::Watch() {
  for (;;) {
    const bool ending = ending_.load();
    if (ending && !manner_.looks) return;                 // it has done what it was to do
    if (stop_->load()) return Acknowledge(StopReason());  // also one that came just before the end
    if (ending) return;
    if (launcher_.has_value() && IsCertainlyGone(launcher_->process)) {
      RequestStop(launcher_->name + " (process " + std::to_string(launcher_->process.pid) +
                  "), which started this rank, is gone");
      return Acknowledge(StopReason());
    }
    AwaitStopSignal(Deadline::In(kBetweenLooks));
  }
}

// One write of whole lines: nothing of other threads or ranks comes between. Over a progress bar,
// which is drawn again below.
void StopWatcher::Acknowledge(const std::string& reason) {
  const std::string line = StopLine(FirstStopSignal(), reason, manner_) + "\n";
  const std::string text = (terminal_ ? "\r\x1b[K" : "") + line;
  if (speaks_) (void)!::write(STDERR_FILENO, text.data(), text.size());
  if (manner_.looks) return;
  FlushLogs();
  ::_exit(ExitCodeOf(StatusCode::kCancelled));
}

}  // namespace lockstep::cluster
