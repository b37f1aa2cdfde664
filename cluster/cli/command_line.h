// SPDX-License-Identifier: Apache-2.0
// The `lockstep` program's command line: from arguments to one of the commands, and from its Status
// to an exit code (docs/errors.md). CLI11 is included in command_line.cc only.
#pragma once

#include <string>
#include <vector>

#include "cluster/console/console.h"

namespace lockstep::cluster {

// `arguments` without the program's name. Never throws; returns the exit code.
int RunCommandLine(const std::vector<std::string>& arguments, Console* console);

}  // namespace lockstep::cluster
