// SPDX-License-Identifier: Apache-2.0
// Which shards of the dataset a rank reads in an epoch: those that its lanes' samples lie in.
#pragma once

#include <vector>

#include "base/range.h"
#include "storage/order/epoch_order.h"

namespace lockstep::storage {

// Shard numbers of the split, as increasing disjoint ranges with gaps between them.
std::vector<Range> ShardsOfLanes(const EpochOrder& order, Range lanes);

}  // namespace lockstep::storage
