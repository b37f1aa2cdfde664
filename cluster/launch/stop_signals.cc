// SPDX-License-Identifier: Apache-2.0
#include "cluster/launch/stop_signals.h"

#include <signal.h>

namespace lockstep::cluster {
namespace {

std::atomic<bool> stop_requested{false};
static_assert(std::atomic<bool>::is_always_lock_free, "set from a signal handler");

void OnStop(int number) {
  if (stop_requested.exchange(true) && (number == SIGINT || number == SIGTERM)) {
    ::signal(number, SIG_DFL);
    ::raise(number);
  }
}

}  // namespace

const std::atomic<bool>& InstallStopSignals() {
  static const bool installed = [] {
    struct sigaction action = {};
    action.sa_handler = OnStop;
    action.sa_flags = SA_RESTART;
    ::sigemptyset(&action.sa_mask);
    for (int number : {SIGTERM, SIGINT, SIGUSR1, SIGUSR2}) ::sigaction(number, &action, nullptr);
    ::signal(SIGXFSZ, SIG_IGN);
    ::signal(SIGPIPE, SIG_IGN);
    return true;
  }();
  (void)installed;
  return stop_requested;
}

}  // namespace lockstep::cluster
