// SPDX-License-Identifier: Apache-2.0
// LaunchEnvironment: how this process was started, from the environment alone, before MPI is
// touched: alone, or as a rank by mpirun, mpiexec or srun. MPI_Init ends the process in some of the
// cases that are refused here, or lets every process believe it is alone; so look here first.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/ids.h"
#include "base/status.h"

namespace lockstep::comm {

// The value of an environment variable, or none.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;
Environment ProcessEnvironment();

enum class Launcher : uint8_t {
  kAlone,    // none: one process, or one that starts its own ranks
  kOpenMpi,  // Open MPI's mpirun: OMPI_COMM_WORLD_*
  kPmi,      // an mpiexec or srun that speaks PMI-1 or PMI-2: PMI_*
  kPmix,     // an srun or another launcher that speaks PMIx: PMIX_*
  kSrun,     // srun without any of these: its tasks cannot find one another
};

struct LaunchEnvironment {
  Launcher launcher = Launcher::kAlone;
  std::string name = "none";     // for people: "Open MPI's mpirun"
  std::optional<int32_t> size;   // announced; PMIx does not tell it in the environment
  std::optional<Rank> rank;      // announced
  std::optional<int32_t> local;  // ranks on this host, where announced
  bool in_slurm_step = false;    // srun has a part in it

  // Whether there are several ranks, which must find one another by MPI; one rank alone needs none.
  bool NeedsMpi() const { return launcher != Launcher::kAlone && size != 1; }
};

// Fails with failed-precondition when a variable is not the number that it should be.
Result<LaunchEnvironment> ReadLaunchEnvironment(const Environment& environment);

// Whether a run can begin as it was started. `mpi_size`: what MPI says after MPI_Init, none before
// it; call this both before and after. `ranks_option`: the value of `--ranks`, if it was given.
//   failed-precondition  srun without PMIx; another MPI's launcher; sizes that differ
//   invalid-argument     --ranks under a launcher
// Each message says what to do.
Status CheckLaunch(const Environment& environment, std::optional<int32_t> mpi_size,
                   std::optional<int32_t> ranks_option);

// A line for the log that says what to do where Open MPI's mpirun would kill the ranks 0.9 s after
// SIGTERM or SIGINT; empty elsewhere.
std::optional<std::string> SignalWarning(const Environment& environment);

}  // namespace lockstep::comm
