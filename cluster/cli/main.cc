// SPDX-License-Identifier: Apache-2.0
// The `lockstep` program.
#include "base/exceptions.h"
#include "base/process_limits.h"
#include "cluster/cli/command_line.h"
#include "cluster/launch/speaker.h"
#include "cluster/launch/stop_signals.h"

int main(int argc, char** argv) {
  const std::atomic<bool>& stop = lockstep::cluster::InstallStopSignals();  // before all else
  lockstep::EndOnEscapedExceptions();
  if (const lockstep::Status status = lockstep::PrepareProcess(); !status.ok()) {
    lockstep::EndProcess(
        lockstep::cluster::SaidByOneRank(status, lockstep::comm::ProcessEnvironment(), &stop));
  }
  lockstep::cluster::Console console = lockstep::cluster::ProcessConsole();
  console.stop = &stop;
  return lockstep::cluster::RunCommandLine({argv + 1, argv + argc}, &console);
}
