// SPDX-License-Identifier: Apache-2.0
// `lockstep eval`: the trained weights of a run, evaluated again, with the kernels the run was
// trained with unless train.kernel_file is among the overrides.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "cluster/cli/console.h"

namespace lockstep::cluster {

struct EvalOptions {
  std::string run_directory;
  std::vector<std::string> overrides;  // key=value, over the run's recipe
  std::string split;                   // empty: the recipe's data.val
};

Status RunEval(const EvalOptions& options, Console* console);

}  // namespace lockstep::cluster
