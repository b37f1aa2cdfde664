// SPDX-License-Identifier: Apache-2.0
// The process that started this rank: mpirun, its daemon on this machine, SLURM's step daemon. Once
// it is gone nobody will end this rank or wait for it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/process.h"
#include "comm/rendezvous/launch_environment.h"

namespace lockstep::cluster {

// The launcher among `ancestors`, nearest first: the nearest that is called like one, since a
// script may stand between; else the parent. None where the environment names no launcher (a
// shell's background job outlives its shell on purpose), or nothing but init is left.
std::optional<AncestorProcess> LauncherAmong(const std::vector<AncestorProcess>& ancestors,
                                             const comm::LaunchEnvironment& launch);

// The launcher of this process.
std::optional<AncestorProcess> FindLauncherProcess();

}  // namespace lockstep::cluster
