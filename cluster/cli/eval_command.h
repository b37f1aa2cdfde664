// SPDX-License-Identifier: Apache-2.0
// `lockstep eval`: weights or a checkpoint of a run, evaluated again, with the kernels the run was
// trained with unless train.kernel_file is among the overrides.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "cluster/console/console.h"

namespace lockstep::cluster {

struct EvalOptions {
  std::string weights;                 // as worker/report/named_weights.h reads it; of a run
  std::vector<std::string> overrides;  // key=value, over the run's recipe
  std::string split;                   // empty: the recipe's data.val
  bool per_class = false;              // also a table of the values of each class
  bool json = false;
};

Status RunEval(const EvalOptions& options, Console* console);

}  // namespace lockstep::cluster
