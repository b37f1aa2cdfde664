// SPDX-License-Identifier: Apache-2.0
// Explain: what a recipe means before anything runs: layers with shapes, parameters and FLOPs, the
// steps of an epoch, the memory plan, what the exchange costs for each number of ranks, and how
// long a step takes at least.
#pragma once

#include <string>

#include "base/status.h"
#include "worker/report/predicted_time.h"
#include "worker/trainer/train_config.h"

namespace lockstep::worker {

// A text for people. Fails as training would.
Result<std::string> Explain(const TrainConfig& config, const TimeOptions& time = {});

}  // namespace lockstep::worker
