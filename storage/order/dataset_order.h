// SPDX-License-Identifier: Apache-2.0
// The order specs of a dataset's splits: sample count and shard size come from the dataset, the
// rest from the recipe.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/status.h"
#include "storage/order/epoch_order.h"
#include "storage/order/eval_order.h"

namespace lockstep::storage {

struct DatasetInfo;

// Errors: an unknown split (with a suggestion), an empty one, or what Validate refuses.
Result<OrderSpec> OrderSpecFor(const DatasetInfo& info, std::string_view split, int32_t lanes,
                               int64_t lane_batch, int64_t window_shards, uint64_t seed);
Result<EvalSpec> EvalSpecFor(const DatasetInfo& info, std::string_view split, int32_t lanes,
                             int64_t eval_batch);

}  // namespace lockstep::storage
