// SPDX-License-Identifier: Apache-2.0
// The text of summary.json (docs/formats.md, "Run directory").
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"
#include "worker/trainer/train.h"

namespace lockstep::worker {

std::string SummaryJson(const TrainSummary& summary);

// The digest of a summary that says the run is finished; failed-precondition of any other text.
Result<uint64_t> FinishedDigestOf(std::string_view summary_json);

}  // namespace lockstep::worker
