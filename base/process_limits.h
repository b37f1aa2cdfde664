// SPDX-License-Identifier: Apache-2.0
// What this process may have of the machine: shells (`ulimit`), containers and batch systems limit
// memory, threads and files. The limits are looked at before anything starts, so that a limit is
// told with its remedy instead of being met in the middle of a library.
#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"

namespace lockstep {

// The machine's memory, or what the control group allows all processes here together to take of it.
int64_t MachineMemory();

// "; limits here: ulimit -v 300000 KiB, ulimit -u 128, the control group allows 64 threads": those
// in force that can stop a thread or an allocation. Empty where there are none.
std::string LimitsText();

// What every command that computes or reads a dataset may take beside what it says itself: threads
// of our own and of RocksDB, gRPC and MPI, and the memory to begin with.
inline constexpr int kThreadsOfACommand = 16;
inline constexpr int64_t kBytesOfACommand = int64_t{256} << 20;

// Whether `threads` more threads can run at once while `bytes` more are taken, told by trying it:
// starts them, takes the memory without touching it, and gives all back. Resource-exhausted names
// `what` ("reading a dataset"), the limits in force and the remedy.
Status CheckRoom(int threads, int64_t bytes, const std::string& what);

// For the start of a program: raises the soft limits that have room (stack, open files), and has
// writes to a closed pipe or beyond a size limit fail instead of killing the process.
// Resource-exhausted where the stack or the number of files is too small to run at all.
Status PrepareProcess();

}  // namespace lockstep
