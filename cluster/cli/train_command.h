// SPDX-License-Identifier: Apache-2.0
// `lockstep train`: a recipe becomes a run directory.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "cluster/console/console.h"

namespace lockstep::cluster {

struct TrainOptions {
  std::string recipe;
  std::vector<std::string> overrides;  // key=value
  std::string run_directory;           // empty: runs/<the recipe's file name>
  std::optional<int> ranks;            // as threads of this process
  int cores = 0;                       // 0: as the recipe says
  bool overwrite = false;              // begin the run in the directory anew
  bool takeover = false;               // take it from whoever holds it
  bool new_bits = false;               // go on with another build or hardware kind
  std::string coordinator_file;        // of a coordinator elsewhere
  std::string coordinator_listen = "127.0.0.1:0";
  bool insecure_listen = false;
  bool progress = true;
};

Status RunTrain(const TrainOptions& options, Console* console);

// "runs/lenet5" for "recipes/lenet5.toml".
std::string DefaultRunDirectory(const std::string& recipe);

}  // namespace lockstep::cluster
