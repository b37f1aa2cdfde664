// SPDX-License-Identifier: Apache-2.0
// The `lockstep` program.
#include "cluster/cli/command_line.h"
#include "cluster/launch/stop_signals.h"

int main(int argc, char** argv) {
  const std::atomic<bool>& stop = lockstep::cluster::InstallStopSignals();  // before all else
  lockstep::cluster::Console console = lockstep::cluster::ProcessConsole();
  console.stop = &stop;
  return lockstep::cluster::RunCommandLine({argv + 1, argv + argc}, &console);
}
