// SPDX-License-Identifier: Apache-2.0
#include "storage/order/dataset_order.h"

#include "storage/dataset/dataset.h"

namespace lockstep::storage {

Result<OrderSpec> OrderSpecFor(const DatasetInfo& info, std::string_view split, int32_t lanes,
                               int64_t lane_batch, int64_t window_shards, uint64_t seed) {
  ASSIGN_OR_RETURN(const SplitInfo found, info.Split(split));
  const OrderSpec spec = {found.count, info.shard_size, window_shards, lanes, lane_batch, seed};
  const Status status = Validate(spec);
  if (!status.ok()) return status.WithContext("split '" + found.name + "'");
  return spec;
}

Result<EvalSpec> EvalSpecFor(const DatasetInfo& info, std::string_view split, int32_t lanes,
                             int64_t eval_batch) {
  ASSIGN_OR_RETURN(const SplitInfo found, info.Split(split));
  const EvalSpec spec = {found.count, lanes, eval_batch};
  const Status status = Validate(spec);
  if (!status.ok()) return status.WithContext("split '" + found.name + "'");
  return spec;
}

}  // namespace lockstep::storage
