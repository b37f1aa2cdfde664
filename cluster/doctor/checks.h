// SPDX-License-Identifier: Apache-2.0
// What `lockstep doctor` looks at, one function for each subject. They change nothing but for a
// temporary file in the run directory's file system, which is removed again.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cluster/doctor/finding.h"
#include "comm/rendezvous/launch_environment.h"

namespace lockstep::cluster {

// `root` stands before /proc and /sys: empty, or a folder of a test.
Findings CheckCpu(const std::string& root, int cores);
Findings CheckMemory(const std::string& root);
Findings CheckClock(const std::string& root);
// The bytes that this process may still take of machine and control group; empty: not known.
std::optional<int64_t> UsableMemory(const std::string& root);

// Looks at launcher, plugin and library of MPI, and whether this process is bound; its affinity
// mask has `cores`.
Findings CheckMpi(const comm::Environment& environment, int cores, int online);

// Looks at OMP_* and OPENBLAS_* variables; the affinity mask has `cores`.
Findings CheckThreadVariables(const comm::Environment& environment, int cores);

// Looks at every other variable that a library reads and that is set; says what comes of it.
Findings CheckLibraryVariables(const comm::Environment& environment);

// Whether threads and memory that every command needs can be had (base/process_limits.h).
Finding CheckRoomHere(int cores);

// Looks at the file system of a run directory, which need not exist yet.
Findings CheckRunDirectory(const std::string& path);
Finding CheckSharedMemory(const std::string& path = "/dev/shm");

// The limits of this process as getrlimit gives them; UINT64_MAX means unlimited.
struct ResourceLimits {
  uint64_t open_files = 0, locked_bytes = 0, file_bytes = 0;
};
ResourceLimits OwnResourceLimits();
Findings CheckLimits(const ResourceLimits& limits, bool infiniband);

}  // namespace lockstep::cluster
