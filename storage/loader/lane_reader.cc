// SPDX-License-Identifier: Apache-2.0
#include "storage/loader/lane_reader.h"

#include <algorithm>
#include <string>
#include <utility>

namespace lockstep::storage {
namespace {

int64_t WindowSize(const OrderSpec& spec) { return spec.window_shards * spec.shard_size; }

}  // namespace

std::string BatchPlace(Epoch epoch, int64_t step_in_epoch, Lane lane) {
  return "epoch " + std::to_string(epoch.value + 1) + ", step " +
         std::to_string(step_in_epoch + 1) + " of it, lane " + std::to_string(lane.value);
}

std::shared_ptr<const EpochOrder> EpochOrders::At(Epoch epoch) {
  MutexLock lock(&mutex_);
  std::weak_ptr<const EpochOrder>& kept = orders_[epoch];
  std::shared_ptr<const EpochOrder> order = kept.lock();
  if (order == nullptr) kept = order = std::make_shared<const EpochOrder>(spec_, epoch);
  return order;
}

LaneOrder& LaneReader::OrderAt(Epoch epoch) {
  if (!order_ || order_->epoch_order().epoch() != epoch) {
    order_.emplace(orders_->At(epoch), lane_);
    next_ = nullptr;
  }
  return *order_;
}

void LaneReader::EnterWindowOf(const EpochOrder& order, int64_t position) {
  const int64_t window = position / WindowSize(order.spec());
  const LaneRecords::WindowId id = {order.epoch(), window};
  if (!records_.IsIn(id)) records_.Enter(id, order.WindowRuns(lane_, window));
}

// Reads as much of the next window as has been used of this one. `position`: the first of the lane
// not used yet.
void LaneReader::ReadAhead(const EpochOrder& order, int64_t position) {
  const int64_t size = WindowSize(order.spec());
  const int64_t n = LaneRange(order.spec(), lane_).size();
  const int64_t window = (position - 1) / size;
  const Range own = {window * size, std::min(n, (window + 1) * size)};
  const EpochOrder* next_order = &order;
  int64_t next_window = window + 1;
  if (own.end == n) {
    const Epoch next_epoch(order.epoch().value + 1);
    if (next_epoch >= end_) return;
    if (next_ == nullptr) next_ = orders_->At(next_epoch);
    next_order = next_.get();
    next_window = 0;
  }
  records_.ReadAhead({next_order->epoch(), next_window}, next_order->WindowRuns(lane_, next_window),
                     position - own.begin, own.size());
}

Result<std::vector<Record>> LaneReader::Read(Epoch epoch, int64_t step_in_epoch,
                                             const std::atomic<bool>& stop) {
  LaneOrder& lane_order = OrderAt(epoch);
  const EpochOrder& order = lane_order.epoch_order();
  const Range rows = RowRange(order.spec(), lane_, step_in_epoch);
  const std::vector<uint64_t> ids = lane_order.Batch(step_in_epoch);
  std::vector<Record> records;
  records.reserve(ids.size());
  for (size_t i = 0; i < ids.size(); ++i) {
    if (stop.load(std::memory_order_relaxed)) return Cancelled("the loader is stopping");
    EnterWindowOf(order, rows.begin + static_cast<int64_t>(i));
    Result<Record> record = records_.Take(ids[i]);
    if (!record.ok()) {
      return record.status().WithContext(BatchPlace(epoch, step_in_epoch, lane_));
    }
    records.push_back(*std::move(record));
  }
  if (rows.size() > 0) ReadAhead(order, rows.end);
  return records;
}

}  // namespace lockstep::storage
