// SPDX-License-Identifier: Apache-2.0
// How a person, mpirun or SLURM asks a run to stop: TERM, INT, USR1 or USR2 finish the step, write
// a checkpoint and end with 75. A second INT or TERM ends the process at once.
#pragma once

#include <atomic>

namespace lockstep::cluster {

// Installs the handlers, once a process; also makes a full quota (XFSZ) and a closed pipe errors of
// the call instead of the end of the process. The flag they set.
const std::atomic<bool>& InstallStopSignals();

}  // namespace lockstep::cluster
