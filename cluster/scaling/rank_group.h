// SPDX-License-Identifier: Apache-2.0
// A group of ranks, started for one measurement and gone after it: threads of this process, or
// processes of a launcher (mpirun, srun), each `lockstep bench scaling-rank`.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "base/clock.h"
#include "base/status.h"
#include "cluster/scaling/group_measurement.h"

namespace lockstep::cluster {

inline constexpr char kThreads[] = "threads";  // as a launch command

struct GroupLaunch {
  // Starts {ranks} processes: "mpirun -np {ranks}"; or kThreads.
  std::string command = "mpirun --oversubscribe --bind-to none -np {ranks}";
  std::string program;  // `lockstep` itself; empty: the program that runs
  Duration limit = std::chrono::minutes(10);
  const std::atomic<bool>* stop = nullptr;  // set: ends as cancelled; may be null
};

// Runs the measurement on so many ranks, in spec.folder: files of the name "group..." there are
// this function's.
Result<GroupMeasurement> RunGroup(const GroupSpec& spec, int32_t ranks, const GroupLaunch& launch);

// What each process of a group does: reads the spec, measures as the rank that it is, and as rank 0
// writes the result. It finalizes MPI.
Status RunGroupProcess(const std::string& spec_file, const std::string& result_file);

}  // namespace lockstep::cluster
