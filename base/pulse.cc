// SPDX-License-Identifier: Apache-2.0
#include "base/pulse.h"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "base/thread.h"

namespace lockstep {
namespace {

constexpr auto kBeat = std::chrono::milliseconds(200);
constexpr size_t kMostKept = 64;

// The pulse of this process where it is a forked child: it has no thread that beats.
std::atomic<const Pulse*> orphan{nullptr};
std::atomic<const Pulse*> of_process{nullptr};

}  // namespace

const Pulse& Pulse::OfProcess() {
  static Pulse* const pulse = [] {
    auto* made = new Pulse(&Clock::Real());
    of_process = made;
    made->Beat();
    ::pthread_atfork(nullptr, nullptr, [] { orphan.store(of_process.load()); });
    // It beats as long as the process lives; without it nothing counts as a standstill.
    Result<Thread> thread = Thread::Start("of the pulse", [made] {
      for (;;) {
        made->Beat();
        std::this_thread::sleep_for(kBeat);
      }
    });
    if (thread.ok()) thread->Detach();
    return made;
  }();
  return *pulse;
}

void Pulse::Beat() {
  MutexLock lock(&mutex_);
  const TimePoint now = clock_->Now();
  if (beats_ && now - last_ > kStandstill) {
    standstills_.push_back({last_, now});
    if (standstills_.size() > kMostKept) standstills_.erase(standstills_.begin());
  }
  beats_ = true;
  last_ = now;
}

// Awake again, another thread than the one that beats may be first to ask.
std::vector<Pulse::Standstill> Pulse::Standstills() const {
  if (orphan.load() == this) return {};
  MutexLock lock(&mutex_);
  std::vector<Standstill> all = standstills_;
  const TimePoint now = clock_->Now();
  if (beats_ && now - last_ > kStandstill) all.push_back({last_, now});
  return all;
}

Duration Pulse::StoodStillSince(TimePoint since) const {
  Duration total{};
  for (const Standstill& s : Standstills()) {
    total += std::max(Duration::zero(), s.end - std::max(s.begin, since));
  }
  return total;
}

Duration Pulse::LongestEndedSince(TimePoint since) const {
  Duration longest{};
  for (const Standstill& s : Standstills()) {
    if (s.end >= since) longest = std::max(longest, s.end - s.begin);
  }
  return longest;
}

TimePoint Pulse::PutOff(TimePoint end, TimePoint began) const {
  return clock_->Now() < end ? end : end + StoodStillSince(began);
}

}  // namespace lockstep
