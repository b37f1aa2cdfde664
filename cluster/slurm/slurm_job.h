// SPDX-License-Identifier: Apache-2.0
// SlurmJob: what SLURM's environment says of the job that this process belongs to (sbatch(1),
// "OUTPUT ENVIRONMENT VARIABLES").
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "comm/rendezvous/launch_environment.h"

namespace lockstep::cluster {

struct SlurmJob {
  std::string id;    // digits: SLURM_JOB_ID, of a task of an array too
  std::string name;  // as people and scontrol call it: "12", of an array's task "12_3"
  bool in_array = false;
  int32_t nodes = 1;      // SLURM_JOB_NUM_NODES
  std::string node_list;  // SLURM_JOB_NODELIST, as "n[1-4]"; may be empty
  // SLURM_NTASKS, or SLURM_NPROCS of older versions: as many ranks were asked for.
  int32_t tasks = 1;
  int32_t restarts = 0;             // SLURM_RESTART_COUNT: how often it was queued again
  std::optional<int64_t> end_time;  // SLURM_JOB_END_TIME, in seconds since 1970; newer versions
  std::string cpu_bind;  // SLURM_CPU_BIND of a step: how srun bound its tasks; empty: it did not
  std::string gpus_per_task;  // SLURM_GPUS_PER_TASK; empty: not asked for
};

// None outside of a job. A variable that is no number counts as absent: whatever stands there, it
// is no reason not to train.
std::optional<SlurmJob> ReadSlurmJob(const comm::Environment& environment);

}  // namespace lockstep::cluster
