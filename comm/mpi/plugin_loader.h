// SPDX-License-Identifier: Apache-2.0
// Finding and opening the MPI plugin (mpi_abi.h), a shared object that is never linked.
//
// It is looked for in $LOCKSTEP_MPI_PLUGIN alone where that is set; else as liblockstep_mpi.so
// beside the program, in ../comm/mpi (a build tree) and in ../lib/lockstep (an installation).
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "comm/mpi/mpi_abi.h"
#include "comm/rendezvous/launch_environment.h"

namespace lockstep::comm {

// The places looked at, in order. `program_folder` is where the running program lies.
std::vector<std::string> MpiPluginPlaces(const Environment& environment,
                                         const std::string& program_folder);

// Opens the first of `places` that exists; it stays open until the process ends. Opening runs no
// MPI function. Failed-precondition, with what was tried and what to do: nothing is there, the
// MPI library it needs is not, or it is of another version than the program.
Result<const lockstep_mpi*> OpenMpiPlugin(const std::vector<std::string>& places);

// The folder of the running program, as the system knows it.
Result<std::string> ProgramFolder();

}  // namespace lockstep::comm
