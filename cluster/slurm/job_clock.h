// SPDX-License-Identifier: Apache-2.0
// JobClock: a thread that wishes a run to stop before its SLURM job ends, in case no signal comes:
// as long before as a step and a checkpoint have taken at most, and a margin. The wish is like a
// signal's: ranks agree on a step to stop after, and no bit depends on which that is.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/status.h"
#include "base/thread.h"

namespace lockstep::cluster {

class JobClock {
 public:
  struct Options {
    Duration margin = std::chrono::seconds(60);
    // How long a step and a checkpoint take, as far as is known now.
    std::function<Duration()> cost;
    // Asked once more when the time has come: when the job ends now; none: never. A limit that was
    // raised is thus noticed. Where it fails the end known before stands.
    std::function<Result<std::optional<TimePoint>>()> ask_end;
    // Called once, from the clock's thread, with the reason for people.
    std::function<void(const std::string& reason)> stop;
    Duration between_looks = std::chrono::seconds(1);  // the cost may rise meanwhile
  };

  // `end` is when the job ends.
  static Result<std::unique_ptr<JobClock>> Start(TimePoint end, Options options);
  ~JobClock();
  JobClock(const JobClock&) = delete;
  JobClock& operator=(const JobClock&) = delete;

 private:
  JobClock(TimePoint end, Options options) : options_(std::move(options)), end_(end) {}
  void Watch() EXCLUDES(mutex_);
  // Whether so little time is left that the run must stop now.
  bool TimeHasCome() const;
  bool WaitAMoment() EXCLUDES(mutex_);  // false: the clock is to end

  const Options options_;
  TimePoint end_;  // of the watching thread
  Mutex mutex_;
  CondVar ended_;
  bool ending_ GUARDED_BY(mutex_) = false;
  Thread thread_;  // last: it uses the fields above
};

}  // namespace lockstep::cluster
