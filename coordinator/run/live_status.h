// SPDX-License-Identifier: Apache-2.0
// LiveStatus: keeps generations/g000007.status (storage/checkpoint/generation_status.h) up to date
// while a membership runs, and says in it how that ended. A file that cannot be written is no
// failure of the run. Thread-safe.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/status.h"
#include "comm/coordinator.h"
#include "storage/checkpoint/generation_status.h"

namespace lockstep::coordinator {

class LiveStatus {
 public:
  // The generation begins now, at `first_step`.
  LiveStatus(const comm::RunInfo& run, int64_t generation, int64_t first_step, TimePoint now);

  // Whether it was last written two seconds ago or more.
  bool Due(TimePoint now) const EXCLUDES(mutex_);
  // Takes note of where the ranks are, of which the first is rank 0. Write follows.
  void Note(std::vector<storage::RankStatus> ranks, TimePoint now) EXCLUDES(mutex_);
  // How the generation ended: OK for a finished run. The first end stands.
  void End(const Status& reason) EXCLUDES(mutex_);
  bool ended() const EXCLUDES(mutex_);
  void Write() EXCLUDES(mutex_);

 private:
  struct Moment {
    TimePoint when;
    int64_t step = 0;
  };

  const std::string run_directory_;
  const TimePoint began_;
  mutable Mutex mutex_;  // not held while the file is written
  storage::GenerationStatus status_ GUARDED_BY(mutex_);
  std::deque<Moment> moments_ GUARDED_BY(mutex_);  // of about the last half minute
  TimePoint noted_ GUARDED_BY(mutex_){};
  bool told_ GUARDED_BY(mutex_) = false;  // that it cannot be written
};

}  // namespace lockstep::coordinator
