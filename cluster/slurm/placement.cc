// SPDX-License-Identifier: Apache-2.0
#include "cluster/slurm/placement.h"

#include <algorithm>

#include "cluster/console/console.h"

namespace lockstep::cluster {
namespace {

// Who left rank 0 fewer cores than the machine has.
std::string BoundBy(const Placement& placement) {
  if (placement.cores >= placement.machine_cores) return "not bound";
  const std::string& srun = placement.job ? placement.job->cpu_bind : std::string();
  if (placement.launch.launcher == comm::Launcher::kOpenMpi) {
    return "bound by mpirun, or by what started it";
  }
  if (!srun.empty() && srun.find("none") == std::string::npos) {
    return "bound by srun (SLURM_CPU_BIND=" + srun + ")";
  }
  return "bound by its affinity mask (SLURM's, a container's, taskset)";
}

// Whether ranks of one machine may use the same cores.
bool ShareCores(const Placement& placement) {
  if (placement.launch.launcher == comm::Launcher::kAlone) return true;
  const bool unbound = placement.cores >= placement.machine_cores;
  if (placement.hosts.empty()) return unbound;
  return std::any_of(placement.hosts.begin(), placement.hosts.end(), [&](const HostShare& host) {
    const bool fewer = host.cores < int64_t{host.ranks} * placement.cores;
    return host.ranks > 1 && (host.cores < 1 ? unbound : fewer);
  });
}

std::string CoresText(const Placement& placement) {
  std::string text = CountText(placement.cores, "core");
  if (placement.ranks > 1 && !ShareCores(placement)) {
    text += " per rank";
  } else if (placement.ranks > 1) {
    int32_t most = 0;  // ranks of a machine
    for (const HostShare& host : placement.hosts) most = std::max(most, host.ranks);
    text += " for the " + (most > 0 ? CountText(most, "rank") : "ranks") + " of a machine";
  }
  return text + ", " + BoundBy(placement);
}

}  // namespace

std::string DescribePlacement(const Placement& placement) {
  const bool launched = placement.launch.launcher != comm::Launcher::kAlone;
  if (!placement.job && !launched) return "";
  std::string text;
  if (placement.job) {
    const SlurmJob& job = *placement.job;
    text = "SLURM job " + job.name + ", start " + std::to_string(job.restarts + 1) + ", " +
           CountText(job.nodes, "node");
    if (!job.node_list.empty()) text += " (" + job.node_list + ")";
    text += "; ";
  }
  text += CountText(placement.ranks, "rank");
  if (launched) text += " by " + placement.launch.name;
  const auto machines = static_cast<int64_t>(placement.hosts.size());
  if (machines > 0) text += " on " + CountText(machines, "machine");
  text += ", " + CoresText(placement);
  if (!placement.end_text.empty()) text += "; " + placement.end_text;
  return text;
}

Status CheckTasks(const SlurmJob& job, const comm::LaunchEnvironment& launch, bool ranks_given) {
  if (ranks_given || job.tasks <= 1 || launch.launcher != comm::Launcher::kAlone) return OkStatus();
  return FailedPrecondition(
      "SLURM job " + job.name + " has " + std::to_string(job.tasks) +
      " tasks (SLURM_NTASKS), and no launcher started this process as one of several ranks: " +
      "processes that do not know of one another would fight for one run directory; start it by "
      "srun --mpi=pmix or mpirun, as `lockstep slurm-script` prints it, or say with --ranks how "
      "many ranks this process alone shall be");
}

std::vector<std::string> PlacementWarnings(const Placement& placement) {
  std::vector<std::string> warnings;
  for (const HostShare& host : placement.hosts) {
    if (host.cores < 1 || host.ranks <= host.cores) continue;
    warnings.push_back(
        CountText(host.ranks, "rank") + " on " + host.host + " share " +
        CountText(host.cores, "core") +
        ": they wait for one another at every step; start fewer ranks, " +
        (placement.job ? "ask for --cpus-per-task, and give it to srun too" : "allow more cores") +
        (placement.launch.launcher == comm::Launcher::kOpenMpi ? ", or mpirun --bind-to none"
                                                               : ""));
  }
  const bool alone = placement.launch.launcher == comm::Launcher::kAlone;
  if (placement.job && alone && placement.job->tasks > placement.ranks) {
    warnings.push_back("the job has " + std::to_string(placement.job->tasks) +
                       " tasks (SLURM_NTASKS), and this process is " +
                       CountText(placement.ranks, "rank") +
                       " that no launcher started; to use them all, start it by srun --mpi=pmix or "
                       "mpirun, as `lockstep slurm-script` prints it");
  }
  if (placement.job && !placement.job->gpus_per_task.empty()) {
    warnings.push_back(
        "--gpus-per-task (SLURM_GPUS_PER_TASK=" + placement.job->gpus_per_task +
        ") hides from each rank the devices of the others, so those of a node cannot exchange "
        "directly; ask for --gpus-per-node instead");
  }
  return warnings;
}

}  // namespace lockstep::cluster
