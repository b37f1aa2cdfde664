// SPDX-License-Identifier: Apache-2.0
#include "base/fault_point.h"

#include <signal.h>

#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

#include "base/mutex.h"

namespace lockstep {
namespace {

struct Fault {
  std::string name;
  std::string action;
  std::string process;  // empty: any
  int64_t nth = 1;
  bool ever_after = false;
  int64_t milliseconds = 0;  // of sleep
  int64_t reached = 0;
};

[[noreturn]] void Refuse(std::string_view text) {
  std::fprintf(stderr,
               "lockstep: error: LOCKSTEP_FAULTS has '%.*s'; expected NAME:ACTION[@N[+]][#PROCESS] "
               "with an action of kill, stop, eio, enospc, sleep250 (milliseconds)\n",
               static_cast<int>(text.size()), text.data());
  std::_Exit(64);
}

Fault Parse(std::string_view item) {
  std::string_view rest = item;
  Fault fault;
  if (const size_t at = rest.find('#'); at != std::string_view::npos) {
    fault.process = rest.substr(at + 1);
    rest = rest.substr(0, at);
  }
  if (const size_t at = rest.find('@'); at != std::string_view::npos) {
    std::string_view count = rest.substr(at + 1);
    rest = rest.substr(0, at);
    fault.ever_after = count.ends_with('+');
    if (fault.ever_after) count.remove_suffix(1);
    const auto [end, error] = std::from_chars(count.data(), count.data() + count.size(), fault.nth);
    if (error != std::errc() || end != count.data() + count.size() || fault.nth < 1) Refuse(item);
  }
  const size_t colon = rest.find(':');
  if (colon == std::string_view::npos || colon == 0) Refuse(item);
  fault.name = rest.substr(0, colon);
  fault.action = rest.substr(colon + 1);
  for (const char* known : {"kill", "stop", "eio", "enospc"}) {
    if (fault.action == known) return fault;
  }
  if (fault.action.starts_with("sleep")) {
    const char* const end = fault.action.data() + fault.action.size();
    const auto [stop, error] = std::from_chars(fault.action.data() + 5, end, fault.milliseconds);
    const bool number = error == std::errc() && stop == end;
    fault.action = "sleep";
    if (number && fault.milliseconds > 0 && fault.milliseconds <= 3'600'000) return fault;
  }
  Refuse(item);
}

class Faults {
 public:
  Faults() {
    if (const char* text = std::getenv("LOCKSTEP_FAULTS")) Set(text);
  }

  void Set(std::string_view text) EXCLUDES(mutex_) {
    MutexLock lock(&mutex_);
    faults_.clear();
    while (!text.empty()) {
      const size_t comma = std::min(text.find(','), text.size());
      if (comma > 0) faults_.push_back(Parse(text.substr(0, comma)));
      text.remove_prefix(std::min(comma + 1, text.size()));
    }
    any_.store(!faults_.empty());
  }

  void SetProcess(std::string name) EXCLUDES(mutex_) {
    MutexLock lock(&mutex_);
    process_ = std::move(name);
  }

  bool any() const { return any_.load(std::memory_order_relaxed); }

  int Reach(std::string_view name) EXCLUDES(mutex_) {
    int64_t milliseconds = 0;
    const int error = Reach(name, &milliseconds);
    if (milliseconds > 0) std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
    return error;
  }

 private:
  int Reach(std::string_view name, int64_t* milliseconds) EXCLUDES(mutex_) {
    MutexLock lock(&mutex_);
    for (Fault& fault : faults_) {
      if (fault.name != name || (!fault.process.empty() && fault.process != process_)) continue;
      ++fault.reached;
      if (fault.reached < fault.nth || (fault.reached > fault.nth && !fault.ever_after)) continue;
      if (fault.action == "kill") ::raise(SIGKILL);
      if (fault.action == "stop") ::raise(SIGSTOP);
      if (fault.action == "sleep") *milliseconds += fault.milliseconds;
      if (fault.action == "eio") return EIO;
      if (fault.action == "enospc") return ENOSPC;
    }
    return 0;
  }

  std::atomic<bool> any_{false};
  Mutex mutex_;
  std::vector<Fault> faults_ GUARDED_BY(mutex_);
  std::string process_ GUARDED_BY(mutex_);
};

Faults& AllFaults() {
  static Faults* const faults = new Faults;
  return *faults;
}

}  // namespace

int FaultPoint(std::string_view name) {
  Faults& faults = AllFaults();
  return faults.any() ? faults.Reach(name) : 0;
}

void SetFaultProcessName(std::string name) { AllFaults().SetProcess(std::move(name)); }

void SetFaultsForTesting(std::string_view text) { AllFaults().Set(text); }

}  // namespace lockstep
