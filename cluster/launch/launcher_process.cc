// SPDX-License-Identifier: Apache-2.0
#include "cluster/launch/launcher_process.h"

#include <algorithm>

namespace lockstep::cluster {
namespace {

// Names as the kernel has them: 15 characters at most.
constexpr const char* kLaunchers[] = {"mpirun",          "mpiexec", "orterun",   "orted",
                                      "prterun",         "prte",    "prted",     "mpiexec.hydra",
                                      "hydra_pmi_proxy", "srun",    "slurmstepd"};

bool IsLauncher(const AncestorProcess& process) {
  return std::any_of(std::begin(kLaunchers), std::end(kLaunchers),
                     [&](const char* name) { return process.name == name; });
}

}  // namespace

std::optional<AncestorProcess> LauncherAmong(const std::vector<AncestorProcess>& ancestors,
                                             const comm::LaunchEnvironment& launch) {
  if (launch.launcher == comm::Launcher::kAlone) return std::nullopt;
  const auto known = std::find_if(ancestors.begin(), ancestors.end(), IsLauncher);
  if (known != ancestors.end()) return *known;
  if (ancestors.empty() || ancestors.front().process.pid <= 1) return std::nullopt;
  return ancestors.front();
}

std::optional<AncestorProcess> FindLauncherProcess() {
  const auto launch = comm::ReadLaunchEnvironment(comm::ProcessEnvironment());
  if (!launch.ok()) return std::nullopt;  // said where the run is started
  return LauncherAmong(AncestorProcesses(), *launch);
}

}  // namespace lockstep::cluster
