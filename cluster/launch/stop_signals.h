// SPDX-License-Identifier: Apache-2.0
// How a person, mpirun or SLURM asks the program to stop: TERM, INT, HUP, USR1 or USR2 set a flag,
// which long work looks at (base/watch.h) and a StopWatcher acknowledges. A second INT or TERM ends
// the process at once, but not a rank: both SLURM and mpirun send it TERM when a job ends, and who
// waits no longer sends KILL. A signal that the process began with as ignored (nohup, `&` in a
// script) stays so.
#pragma once

#include <atomic>
#include <string>

#include "base/clock.h"

namespace lockstep::cluster {

// Installs the handlers, as the first thing that a process does. Returns the flag that they set.
const std::atomic<bool>& InstallStopSignals();

// Sets the flag as a signal would, where the program itself has found a reason, for people.
void RequestStop(const std::string& reason);
// The first such reason; empty: there was none.
std::string StopReason();

// The first of those signals that came; 0: none has.
int FirstStopSignal();

// Whether TERM, INT or HUP has come: from whoever wants the run to end here. The others, and a
// reason of the program's own, only want it to go on another time.
bool EndIsWanted();

// For the last moments of a process whose work is done: those three do nothing any more.
void IgnoreEndSignals();

// Returns when the next signal comes, when WakeStopWaiter is called, or at the deadline. One thread
// at a time.
void AwaitStopSignal(Deadline deadline);
void WakeStopWaiter();

// Makes a full quota (XFSZ) and a closed pipe errors of the call instead of the end of the process.
void IgnoreFileSignals();

}  // namespace lockstep::cluster
