// SPDX-License-Identifier: Apache-2.0
// What each rank of a membership computes: its lanes, and the shards of the dataset that they read
// first.
#pragma once

#include <vector>

#include "base/ids.h"
#include "base/range.h"
#include "base/status.h"
#include "comm/coordinator.h"

namespace lockstep::coordinator {

// `common` for each rank, with its lanes and its shards of `epoch`; none where the run is finished.
// Fails with invalid-argument where no order can be made of what the run says of its dataset.
Result<std::vector<comm::Assignment>> AssignmentsOf(const comm::RunInfo& run, int32_t world_size,
                                                    Epoch epoch, const comm::Assignment& common);

}  // namespace lockstep::coordinator
