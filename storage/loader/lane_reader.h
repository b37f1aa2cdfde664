// SPDX-License-Identifier: Apache-2.0
// LaneReader: reads the records of one lane's batches, in order, from any position on. Internal to
// storage/loader; one thread at a time.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "base/ids.h"
#include "base/mutex.h"
#include "base/status.h"
#include "storage/loader/lane_records.h"
#include "storage/order/epoch_order.h"

namespace lockstep::storage {

// The orders of the epochs that the lanes of a rank are in: each is made once, when the first lane
// comes to it, and kept while a lane uses it. Any thread may ask.
class EpochOrders {
 public:
  explicit EpochOrders(const OrderSpec& spec) : spec_(spec) {}
  const OrderSpec& spec() const { return spec_; }
  std::shared_ptr<const EpochOrder> At(Epoch epoch) EXCLUDES(mutex_);

 private:
  const OrderSpec spec_;
  Mutex mutex_;
  std::map<Epoch, std::weak_ptr<const EpochOrder>> orders_ GUARDED_BY(mutex_);
};

class LaneReader {
 public:
  // All outlive the reader. Epochs from `end` on do not exist, so nothing of them is read ahead.
  LaneReader(const RecordSource* source, SampleId split_first, EpochOrders* orders, Lane lane,
             Epoch end, int64_t budget_bytes)
      : orders_(orders), lane_(lane), end_(end), records_(source, split_first, budget_bytes) {}

  Lane lane() const { return lane_; }

  // The records of a step, in row order; positions only go forward. Fails with cancelled once
  // `stop` is set. What fails names the epoch, the step and the lane.
  Result<std::vector<Record>> Read(Epoch epoch, int64_t step_in_epoch,
                                   const std::atomic<bool>& stop);

 private:
  LaneOrder& OrderAt(Epoch epoch);
  void EnterWindowOf(const EpochOrder& order, int64_t position);
  void ReadAhead(const EpochOrder& order, int64_t position);

  EpochOrders* orders_;
  Lane lane_;
  Epoch end_;
  std::optional<LaneOrder> order_;          // of the epoch that the lane is in
  std::shared_ptr<const EpochOrder> next_;  // the next epoch's, while its first window is read
  LaneRecords records_;
};

// "epoch 1, step 3 of it, lane 0": how failures of a batch begin.
std::string BatchPlace(Epoch epoch, int64_t step_in_epoch, Lane lane);

}  // namespace lockstep::storage
