// SPDX-License-Identifier: Apache-2.0
// What a recipe can say, and hardly means, about the dataset that it is for. It is said before the
// first step, and nothing is refused.
#pragma once

#include <string>
#include <vector>

#include "worker/model/run_setup.h"

namespace lockstep::worker {

// One line each: what is odd, both values, what to do.
std::vector<std::string> SetupWarnings(const TrainConfig& config, const RunSetup& setup);

}  // namespace lockstep::worker
