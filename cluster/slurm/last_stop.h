// SPDX-License-Identifier: Apache-2.0
// LastStop: how the last start of a run in a SLURM job ended, kept in its directory as slurm.json,
// so that a job is not queued again and again without getting further. Nothing that trains reads
// it, and a run without it trains as well.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/status.h"
#include "cluster/slurm/slurm_job.h"

namespace lockstep::cluster {

inline constexpr char kLastStopFile[] = "slurm.json";
// Beside it where the job is to be queued again and the program could not do that: the job's script
// does it then. Empty; the next start removes it.
inline constexpr char kRequeueFile[] = "requeue";

struct LastStop {
  std::string job;       // SlurmJob::id
  int64_t restarts = 0;  // SlurmJob::restarts
  int64_t branch = 1;
  int64_t step = 0;         // of its newest checkpoint
  bool requeue = false;     // the job was, or was to be, queued again
  double stop_seconds = 0;  // a step and a checkpoint took so long, at most
  bool operator==(const LastStop&) const = default;
};

std::string EncodeLastStop(const LastStop& stop);
Result<LastStop> DecodeLastStop(const std::string& text);

// None where there is no such file. Data-loss where it is not as it was written.
Result<std::optional<LastStop>> ReadLastStop(const std::string& run_directory);
Status WriteLastStop(const std::string& run_directory, const LastStop& stop);

// What a start in a job has done, for ShouldRequeue.
struct StartInJob {
  int64_t branch = 1;
  int64_t began_at = 0;     // the step that it went on from
  int64_t checkpoint = -1;  // the step of its newest checkpoint; -1: it wrote none
  bool end_wanted = false;  // TERM, INT or HUP came: SLURM or a person has decided
};

// OK where the job is to be queued again; else the failure says why not, for people. A job is
// queued again once a start, and only where the run has a newer checkpoint than when this start
// began and when the job was last queued again.
Status ShouldRequeue(const SlurmJob& job, const StartInJob& start,
                     const std::optional<LastStop>& last);

}  // namespace lockstep::cluster
