// SPDX-License-Identifier: Apache-2.0
// The `lockstep` program.
#include "base/exceptions.h"
#include "base/process_limits.h"
#include "cluster/cli/command_line.h"

int main(int argc, char** argv) {
  lockstep::EndOnEscapedExceptions();
  if (const lockstep::Status status = lockstep::PrepareProcess(); !status.ok()) {
    lockstep::EndProcess(status);
  }
  lockstep::cluster::Console console = lockstep::cluster::ProcessConsole();
  return lockstep::cluster::RunCommandLine({argv + 1, argv + argc}, &console);
}
