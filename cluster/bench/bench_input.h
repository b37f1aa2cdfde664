// SPDX-License-Identifier: Apache-2.0
// `lockstep bench input`: how fast this machine makes the batches of a recipe when nothing trains:
// the loader of training reads records, decodes, augments and writes batches, which are dropped.
// It also says where the time of its threads goes, and how many threads a device needs.
#pragma once

#include <cstdint>
#include <optional>
#include <ostream>
#include <string>

#include "base/status.h"
#include "worker/config/train_config.h"

namespace lockstep::cluster {

struct BenchInputOptions {
  std::string recipe;              // its name, for the report
  int32_t threads = 0;             // that make samples; 0: one for each core
  std::optional<double> seconds;   // how long, from the first batch on; 10 where nothing is said
  std::optional<int64_t> batches;  // of all lanes: how many, instead
  std::string json;                // the figures to this file too; empty: nowhere
};

// Opens the config's dataset and writes a table to `out`.
Status RunBenchInput(const worker::TrainConfig& config, const BenchInputOptions& options,
                     std::ostream& out);

}  // namespace lockstep::cluster
