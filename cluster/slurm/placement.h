// SPDX-License-Identifier: Apache-2.0
// Where the ranks of a run are and which cores they have, in a line for the log; and what about
// that is slower than a person may think.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "cluster/launch/run_world.h"
#include "cluster/slurm/slurm_job.h"
#include "comm/rendezvous/launch_environment.h"

namespace lockstep::cluster {

struct Placement {
  std::optional<SlurmJob> job;
  std::string end_text;  // of the job, as RunInJob says it; empty outside of one
  comm::LaunchEnvironment launch;
  int32_t ranks = 1;
  int32_t cores = 1;          // that rank 0 may use
  int32_t machine_cores = 1;  // that its machine has
  std::vector<HostShare> hosts;
};

// "SLURM job 12, start 2, nodes n[1-2]; 4 ranks on 2 machines, 1 core per rank, bound by mpirun; it
// ends in 59:30", or "2 cores for the 4 ranks of a machine" where these share them. Empty for a
// lone process outside of SLURM.
std::string DescribePlacement(const Placement& placement);

// Whether a process that no launcher started may train in the job: not in one of several tasks,
// where each task may have started such a process and all of them would want the same run
// directory. `ranks_given`: a person said with --ranks what is meant. Failed-precondition names
// the remedy.
Status CheckTasks(const SlurmJob& job, const comm::LaunchEnvironment& launch, bool ranks_given);

// Machines with fewer cores than ranks; devices that ranks cannot see of one another. Each names
// the remedy.
std::vector<std::string> PlacementWarnings(const Placement& placement);

}  // namespace lockstep::cluster
