// SPDX-License-Identifier: Apache-2.0
// The text of summary.json (docs/formats.md, "Run directory").
#pragma once

#include <string>

#include "worker/trainer/train.h"

namespace lockstep::worker {

std::string SummaryJson(const TrainSummary& summary);

}  // namespace lockstep::worker
