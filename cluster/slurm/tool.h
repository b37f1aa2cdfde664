// SPDX-License-Identifier: Apache-2.0
// RunTool: starts one of SLURM's commands and reads what it says.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/status.h"

namespace lockstep::cluster {

struct ToolOutput {
  int exit_code = 0;  // of a command that ended by a signal: 128 + its number
  std::string out;    // at most 64 KiB of each
  std::string err;
};

// `command[0]` is looked up on the PATH; `input` is what it reads. Not-found where there is no such
// program; deadline-exceeded where it has not ended in time: it is killed then; internal where its
// end was noted elsewhere. A command that ends with a failure is a result. It ignores TERM, INT and
// HUP where this process does.
Result<ToolOutput> RunTool(const std::vector<std::string>& command, const std::string& input,
                           Deadline deadline);

// The last line of what a command said on standard error, else on standard output; else
// "exit code 1".
std::string LastWords(const ToolOutput& output);

}  // namespace lockstep::cluster
