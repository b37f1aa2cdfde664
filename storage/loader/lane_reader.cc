// SPDX-License-Identifier: Apache-2.0
#include "storage/loader/lane_reader.h"

#include <algorithm>
#include <span>
#include <string>

namespace lockstep::storage {
namespace {

int64_t WindowSize(const OrderSpec& spec) { return spec.window_shards * spec.shard_size; }

}  // namespace

EpochOrder& EpochOrders::At(Epoch epoch) {
  return orders_.try_emplace(epoch, spec_, epoch).first->second;
}

void LaneReader::EnterWindowOf(EpochOrder& order, int64_t position) {
  const int64_t window = position / WindowSize(order.spec());
  const LaneRecords::WindowId id = {order.epoch(), window};
  if (!records_.IsIn(id)) records_.Enter(id, order.WindowRuns(lane_, window));
}

// Reads as much of the next window as has been used of this one. `position`: the first of the lane
// not used yet.
void LaneReader::ReadAhead(EpochOrder& order, int64_t position) {
  const int64_t size = WindowSize(order.spec());
  const int64_t n = LaneRange(order.spec(), lane_).size();
  const int64_t window = (position - 1) / size;
  const Range own = {window * size, std::min(n, (window + 1) * size)};
  EpochOrder* next_order = &order;
  int64_t next_window = window + 1;
  if (own.end == n) {
    const Epoch next_epoch(order.epoch().value + 1);
    if (next_epoch >= end_) return;
    next_order = &orders_->At(next_epoch);
    next_window = 0;
  }
  records_.ReadAhead({next_order->epoch(), next_window}, next_order->WindowRuns(lane_, next_window),
                     position - own.begin, own.size());
}

Result<LaneBatch> LaneReader::Make(Epoch epoch, int64_t step_in_epoch,
                                   const std::atomic<bool>& stop) {
  EpochOrder& order = orders_->At(epoch);
  orders_->DropBefore(epoch);
  const Range rows = RowRange(order.spec(), lane_, step_in_epoch);
  const std::span<const uint64_t> ids = order.LaneBatch(lane_, step_in_epoch);
  ASSIGN_OR_RETURN(LaneBatch batch, builder_->Allocate(lane_, rows.size()));
  const auto make_row = [&](int64_t position) -> Status {
    if (stop.load(std::memory_order_relaxed)) return Cancelled("the loader is stopping");
    EnterWindowOf(order, position);
    ASSIGN_OR_RETURN(const Record record,
                     records_.Take(ids[static_cast<size_t>(position - rows.begin)]));
    return builder_->Append(record, epoch, &sample_, &batch);
  };
  for (int64_t position = rows.begin; position < rows.end; ++position) {
    const Status status = make_row(position);
    if (!status.ok()) {
      return status.WithContext("epoch " + std::to_string(epoch.value + 1) + ", step " +
                                std::to_string(step_in_epoch + 1) + " of it, lane " +
                                std::to_string(lane_.value));
    }
  }
  if (rows.size() > 0) ReadAhead(order, rows.end);
  return batch;
}

}  // namespace lockstep::storage
