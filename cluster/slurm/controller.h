// SPDX-License-Identifier: Apache-2.0
// What is asked of SLURM's controller, by its own commands: how long a job still has, and to queue
// it again. Every call has a deadline; none is made by more than one rank.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/status.h"
#include "cluster/slurm/slurm_job.h"

namespace lockstep::cluster {

struct JobState {
  std::string state;             // "RUNNING", "COMPLETING", "CANCELLED", ...
  std::optional<Duration> left;  // until its time limit; none: it has no limit
};

// A line of `squeue -h -o "%T %L"`: "RUNNING 1-02:03:04", "RUNNING UNLIMITED". Data-loss where it
// is none. More than ten years count as no limit.
Result<JobState> ParseJobState(std::string_view line);

// "5", "90:00" (minutes and seconds), "1:30:00", "1-12", "1-12:30", "1-12:30:00", as sbatch takes
// a time limit (sbatch(1), --time). Invalid-argument, with these forms, for anything else, and for
// more than ten years.
Result<Duration> ParseTimeLimit(const std::string& text);

// Asks squeue.
Result<JobState> AskForJob(const SlurmJob& job, Deadline deadline);
// `scontrol requeue`: SLURM ends the job and puts it back into the queue. Not-found where there is
// no scontrol.
Status RequeueJob(const SlurmJob& job, Deadline deadline);

}  // namespace lockstep::cluster
