// SPDX-License-Identifier: Apache-2.0
// Checks that need more than one key, or more than a range: combinations that cannot run, and keys
// that would do nothing.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "worker/config/train_config.h"

namespace lockstep::cluster {

struct Conflict {
  std::vector<std::string> keys;  // involved, the likeliest cause first
  std::string message;            // names the keys, the values and the remedy
};

std::vector<Conflict> FindConflicts(const worker::TrainConfig& config);

// Whether `config.run.ranks` ranks can share the recipe's lanes. `launcher`: who started them, for
// a message that says what to do there; empty: --ranks.
Status CheckRanks(const worker::TrainConfig& config, const std::string& launcher = "");

}  // namespace lockstep::cluster
