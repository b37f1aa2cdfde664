// SPDX-License-Identifier: Apache-2.0
// For tests only: a disk that fails or a process that dies at a chosen moment. write_faults_test.cc
// takes the place of the C library's calls that change a disk, for all code of the test program,
// RocksDB's too.
#pragma once

#include <cstdint>

namespace lockstep::storage {

enum class WriteFault {
  kCount,        // nothing fails
  kNoSpaceOnce,  // the N-th write of bytes gets ENOSPC
  kNoSpace,      // and all that follow
  kFsyncOnce,    // the N-th fsync or fdatasync gets EIO
  kKill,         // this process dies of SIGKILL at the N-th call of any kind
};

// From now on the calls of this process are counted, and the `nth` (from 1) fails. One at a time.
void ArmWriteFault(WriteFault fault, int64_t nth);
// Goes back to normal, and returns the number of calls since: writes of bytes for kNoSpace...,
// fsyncs for kFsyncOnce, all for others.
int64_t DisarmWriteFault();

}  // namespace lockstep::storage
