// SPDX-License-Identifier: Apache-2.0
// Named places where a test makes this process die, stop or see a failing disk. They do nothing
// unless the environment says so:
//
//   LOCKSTEP_FAULTS="checkpoint.rename.before:kill"         the first time it is reached
//   LOCKSTEP_FAULTS="checkpoint.fsync:eio@3,ledger.write.after:kill@2"     the third, the second
//   time LOCKSTEP_FAULTS="checkpoint.fsync:eio@2+"               the second time and ever after
//   LOCKSTEP_FAULTS="train.step:kill@7#1"                   only in rank 1 (or the process of that
//   name)
//
// Actions: kill (SIGKILL to this process), stop (SIGSTOP), eio and enospc (the call here fails with
// EIO or ENOSPC; only where the place can fail), sleep250 (this thread goes on 250 ms later). A
// text that does not parse ends the program.
#pragma once

#include <string>
#include <string_view>

namespace lockstep {

// Returns 0, or the errno that the operation at this place must fail with; does not return where
// the process is to die. It costs one branch where nothing is asked for, and is thread-safe.
int FaultPoint(std::string_view name);

// How LOCKSTEP_FAULTS calls this process behind '#': its rank, "coordinator". Set once, early.
void SetFaultProcessName(std::string name);

// Replaces what the environment said; for tests. Empty: no faults.
void SetFaultsForTesting(std::string_view text);

}  // namespace lockstep
