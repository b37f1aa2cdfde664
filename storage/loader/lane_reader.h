// SPDX-License-Identifier: Apache-2.0
// LaneReader: makes the lane batches of one lane, in order, from any position on. Internal to
// storage/loader; one thread at a time.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>

#include "base/ids.h"
#include "base/status.h"
#include "storage/loader/batch_builder.h"
#include "storage/loader/lane_records.h"
#include "storage/order/epoch_order.h"

namespace lockstep::storage {

// The orders of the epochs that the lanes of one thread are in: this one and the next.
class EpochOrders {
 public:
  explicit EpochOrders(const OrderSpec& spec) : spec_(spec) {}
  EpochOrder& At(Epoch epoch);
  void DropBefore(Epoch epoch) { orders_.erase(orders_.begin(), orders_.lower_bound(epoch)); }

 private:
  OrderSpec spec_;
  std::map<Epoch, EpochOrder> orders_;
};

class LaneReader {
 public:
  // All outlive the reader. Epochs from `end` on do not exist, so nothing of them is read ahead.
  LaneReader(const RecordSource* source, const BatchBuilder* builder, SampleId split_first,
             EpochOrders* orders, Lane lane, Epoch end, int64_t budget_records)
      : builder_(builder),
        orders_(orders),
        lane_(lane),
        end_(end),
        records_(source, split_first, budget_records) {}

  // The batch of a step; positions only go forward. Fails with cancelled once `stop` is set.
  Result<LaneBatch> Make(Epoch epoch, int64_t step_in_epoch, const std::atomic<bool>& stop);

 private:
  void EnterWindowOf(EpochOrder& order, int64_t position);
  void ReadAhead(EpochOrder& order, int64_t position);

  const BatchBuilder* builder_;
  EpochOrders* orders_;
  Lane lane_;
  Epoch end_;
  LaneRecords records_;
  AugmentedSample sample_;
};

}  // namespace lockstep::storage
