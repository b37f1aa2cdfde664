// SPDX-License-Identifier: Apache-2.0
// `lockstep tune`: times the kernels that could run a recipe's nodes on this machine and writes the
// faster ones to a kernel file, which runs name with train.kernel_file.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "cluster/console/console.h"

namespace lockstep::cluster {

struct TuneCommandOptions {
  std::string recipe;
  std::vector<std::string> overrides;  // key=value
  std::string out;                     // the file to write; one that is there is replaced
  double tune_seconds = 60.0;
};

Status RunTune(const TuneCommandOptions& options, Console* console);

}  // namespace lockstep::cluster
