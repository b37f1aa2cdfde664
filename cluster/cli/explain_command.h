// SPDX-License-Identifier: Apache-2.0
// `lockstep explain`: what a recipe means, before anything runs.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "cluster/console/console.h"

namespace lockstep::cluster {

struct ExplainOptions {
  std::string recipe;
  std::vector<std::string> overrides;  // key=value
  int ranks = 1;
  std::string spec;      // a file with the machine's ceilings; empty: measured now
  bool layers = false;   // all of them, and everything else there is to say
  bool measure = false;  // make a few steps and show their times beside the predicted ones
};

Status RunExplain(const ExplainOptions& options, Console* console);

}  // namespace lockstep::cluster
