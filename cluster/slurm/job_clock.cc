// SPDX-License-Identifier: Apache-2.0
#include "cluster/slurm/job_clock.h"

#include <algorithm>
#include <utility>

#include "base/format.h"

namespace lockstep::cluster {

Result<std::unique_ptr<JobClock>> JobClock::Start(TimePoint end, Options options) {
  std::unique_ptr<JobClock> clock(new JobClock(end, std::move(options)));
  ASSIGN_OR_RETURN(clock->thread_, Thread::Start("that watches the time of the SLURM job",
                                                 [raw = clock.get()] { raw->Watch(); }));
  return clock;
}

JobClock::~JobClock() {
  {
    MutexLock lock(&mutex_);
    ending_ = true;
  }
  ended_.NotifyAll();
  if (thread_.joinable()) thread_.Join();
}

bool JobClock::TimeHasCome() const {
  return end_ - Clock::Real().Now() <= options_.margin + options_.cost();
}

bool JobClock::WaitAMoment() {
  const TimePoint until = Clock::Real().Now() + options_.between_looks;
  MutexLock lock(&mutex_);
  while (!ending_) {
    if (!ended_.WaitUntil(&mutex_, until)) break;
  }
  return !ending_;
}

void JobClock::Watch() {
  for (;;) {
    if (TimeHasCome()) {
      const Result<std::optional<TimePoint>> now = options_.ask_end();
      if (now.ok() && !now->has_value()) return;  // it has no end any more
      if (now.ok()) end_ = **now;
      if (TimeHasCome()) break;
    }
    if (!WaitAMoment()) return;
  }
  const Duration left = std::max(end_ - Clock::Real().Now(), Duration::zero());
  options_.stop("the SLURM job ends in " + SecondsText(left) +
                ", and a step and a checkpoint have taken " + SecondsText(options_.cost()) +
                " at most (run.job_margin = " + SecondsText(options_.margin) + ")");
}

}  // namespace lockstep::cluster
