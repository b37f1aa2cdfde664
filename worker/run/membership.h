// SPDX-License-Identifier: Apache-2.0
// Membership: a rank's life with its coordinator. Joins, then a thread of its own says once a
// second where the rank is; what the coordinator answers may end the rank.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/pulse.h"
#include "base/thread.h"
#include "comm/coordinator.h"
#include "comm/presence.h"

namespace lockstep::worker {

class Membership {
 public:
  struct Options {
    Duration beat = std::chrono::seconds(1);
    // A coordinator that has not answered for so long is lost; the time in which this process
    // itself stood still does not count.
    Duration silence_limit = std::chrono::seconds(10);
    // A coordinator whose process is not there at all, so that the call fails at once, is lost
    // after so long.
    Duration absence_limit = std::chrono::seconds(3);
    // How long the rank may take to end once it was told to; then its process is ended.
    Duration grace = std::chrono::seconds(15);
    // What is waited for is worth saying once it has lasted so long.
    Duration say_after = std::chrono::seconds(1);
    // Called once, from the heartbeat's thread, when the rank must end: wakes what it waits for.
    std::function<void(const Status&)> on_stop;
    const Pulse* pulse = &Pulse::OfProcess();
    // Set when this rank was asked to stop: the other ranks hear of it. May be null.
    const std::atomic<bool>* stop = nullptr;
    // Told that the coordinator watches this rank, and that it does no more; may be null.
    comm::Presence* presence = nullptr;
  };
  // `coordinator` outlives this.
  Membership(comm::Coordinator* coordinator, comm::RegisterRequest request, Options options);
  ~Membership();
  Membership(const Membership&) = delete;
  Membership& operator=(const Membership&) = delete;

  // Registers until accepted or refused. `say` is told what is waited for, each time it changes,
  // and what was decided. `give_up` (may be null) is asked now and then: true ends the wait,
  // cancelled.
  Result<comm::Assignment> Join(const std::function<void(const std::string&)>& say,
                                const std::function<bool()>& give_up);

  // Says what this rank is at. The text outlives this.
  void SetPhase(const char* phase) { phase_.store(phase); }
  // Step `digest.step` is done; `report`: its digest goes along (rank 0).
  void SetStep(const comm::StepDigest& digest, bool report) EXCLUDES(mutex_);
  Status Commit(const std::string& checkpoint, int64_t step, uint64_t digest);

  // This rank or, as the last heartbeat said, another one was asked to stop.
  bool StopWanted() const {
    return others_stop_.load() || (options_.stop != nullptr && options_.stop->load());
  }
  // OK, or why the coordinator ended this rank.
  Status Told() const EXCLUDES(mutex_);
  // Returns `failure`. Where this process has just stood still for long enough that others may have
  // given it up, its message says that first.
  Status Explain(const Status& failure) const;
  // Ends the heartbeat and says goodbye, but not to a coordinator that does not answer; nothing
  // where Join has not succeeded. Once.
  void Leave(const Status& status, int64_t step, uint64_t digest);

  int64_t generation() const { return generation_; }
  const comm::RegisterRequest& request() const { return request_; }

 private:
  void Beat() EXCLUDES(mutex_);
  // When the coordinator last answered, and when it was last not known to be gone.
  struct Heard {
    TimePoint answered, present;
    bool unanswered = false;  // the last call
    bool Note(const Status& call);
  };
  void BeatOnce(Heard* heard) EXCLUDES(mutex_);
  Status JudgeSilence(const Heard& heard) const;
  // When a beat that was answered, or not, is followed by another.
  TimePoint NextBeat(const Heard& heard) const;
  void GiveUp(const Status& silence) EXCLUDES(mutex_);
  void Stop(const Status& why) EXCLUDES(mutex_);
  void SayGoodbye(const Status& status, int64_t step, uint64_t digest) EXCLUDES(mutex_);

  comm::Coordinator* const coordinator_;
  const comm::RegisterRequest request_;
  const Options options_;
  int64_t generation_ = 0;  // 0: not joined
  std::atomic<const char*> phase_{"start"};
  std::atomic<bool> others_stop_{false};

  mutable Mutex mutex_;
  CondVar changed_;
  bool leaving_ GUARDED_BY(mutex_) = false;
  bool unanswered_ GUARDED_BY(mutex_) = false;  // the coordinator was given up
  Status told_ GUARDED_BY(mutex_);
  int64_t step_ GUARDED_BY(mutex_) = 0;
  std::vector<comm::StepDigest> digests_ GUARDED_BY(mutex_);
  Thread thread_;  // last: it uses the fields above
};

}  // namespace lockstep::worker
