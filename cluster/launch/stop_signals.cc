// SPDX-License-Identifier: Apache-2.0
#include "cluster/launch/stop_signals.h"

#include <semaphore.h>
#include <signal.h>
#include <time.h>

#include <algorithm>
#include <cerrno>

#include "base/check.h"
#include "base/mutex.h"
#include "comm/rendezvous/launch_environment.h"

namespace lockstep::cluster {
namespace {

std::atomic<bool> stop_requested{false};
std::atomic<int> first_signal{0};
std::atomic<bool> end_wanted{false};
std::atomic<bool> second_ends{true};
static_assert(std::atomic<bool>::is_always_lock_free && std::atomic<int>::is_always_lock_free,
              "set from a signal handler");

// What a handler may post: a mutex it may not take.
sem_t* Wakes() {
  static sem_t* const wakes = [] {
    static sem_t semaphore;
    CHECK_EQ(::sem_init(&semaphore, 0, 0), 0);
    return &semaphore;
  }();
  return wakes;
}

void OnStop(int number) {
  const int error = errno;
  int none = 0;
  first_signal.compare_exchange_strong(none, number);
  if (number == SIGINT || number == SIGTERM || number == SIGHUP) end_wanted.store(true);
  const bool again = stop_requested.exchange(true);
  if (again && second_ends.load() && (number == SIGINT || number == SIGTERM)) {
    ::signal(number, SIG_DFL);
    ::raise(number);
  }
  WakeStopWaiter();
  errno = error;
}

class Reason {
 public:
  void SetFirst(const std::string& text) EXCLUDES(mutex_) {
    MutexLock lock(&mutex_);
    if (text_.empty()) text_ = text;
  }
  std::string Get() EXCLUDES(mutex_) {
    MutexLock lock(&mutex_);
    return text_;
  }

 private:
  Mutex mutex_;
  std::string text_ GUARDED_BY(mutex_);
};

Reason& TheReason() {
  static Reason* const reason = new Reason;
  return *reason;
}

bool IsRank() {
  const auto launch = comm::ReadLaunchEnvironment(comm::ProcessEnvironment());
  return launch.ok() && launch->launcher != comm::Launcher::kAlone;
}

void Install(int number) {
  struct sigaction before = {};
  if (::sigaction(number, nullptr, &before) == 0 && before.sa_handler == SIG_IGN) return;
  struct sigaction action = {};
  action.sa_handler = OnStop;
  action.sa_flags = SA_RESTART;
  ::sigemptyset(&action.sa_mask);
  ::sigaction(number, &action, nullptr);
}

}  // namespace

const std::atomic<bool>& InstallStopSignals() {
  static const bool installed = [] {
    Wakes();  // made before a handler needs it
    // XCPU: a limit on CPU time (`ulimit -t`) has come near.
    second_ends.store(!IsRank());
    for (int number : {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2, SIGXCPU}) Install(number);
    return true;
  }();
  (void)installed;
  return stop_requested;
}

void RequestStop(const std::string& reason) {
  TheReason().SetFirst(reason);
  stop_requested.store(true);
}

std::string StopReason() { return TheReason().Get(); }

bool EndIsWanted() { return end_wanted.load(); }

void IgnoreEndSignals() {
  for (int number : {SIGTERM, SIGINT, SIGHUP}) ::signal(number, SIG_IGN);
}

int FirstStopSignal() { return first_signal.load(); }

void AwaitStopSignal(Deadline deadline) {
  const auto left = std::max(deadline.when() - Clock::Real().Now(), Duration::zero());
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
  timespec until = {};
  ::clock_gettime(CLOCK_MONOTONIC, &until);
  until.tv_sec += seconds.count();
  until.tv_nsec += std::chrono::nanoseconds(left - seconds).count();
  if (until.tv_nsec >= 1'000'000'000) {
    until.tv_nsec -= 1'000'000'000;
    ++until.tv_sec;
  }
  (void)::sem_clockwait(Wakes(), CLOCK_MONOTONIC, &until);  // early or late does no harm
}

void WakeStopWaiter() { ::sem_post(Wakes()); }

void IgnoreFileSignals() {
  ::signal(SIGXFSZ, SIG_IGN);
  ::signal(SIGPIPE, SIG_IGN);
}

}  // namespace lockstep::cluster
