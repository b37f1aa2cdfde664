// SPDX-License-Identifier: Apache-2.0
// The `lockstep` program.
#include "cluster/cli/command_line.h"

int main(int argc, char** argv) {
  lockstep::cluster::Console console = lockstep::cluster::ProcessConsole();
  return lockstep::cluster::RunCommandLine({argv + 1, argv + argc}, &console);
}
