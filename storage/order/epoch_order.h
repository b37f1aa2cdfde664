// SPDX-License-Identifier: Apache-2.0
// The epoch order: which samples every lane takes in every step of an epoch. A pure function of
// OrderSpec and epoch, so assignment needs no state, a resume needs only the position, and a rank
// computes and reads only its own lanes.
//
//   shards     the split's samples in shards of S consecutive ids, permuted once an epoch
//   positions  their ids written one after the other: position 0 .. N-1
//   lanes      lane l of V owns positions [floor(l N / V), floor((l+1) N / V))
//   windows    a lane's positions cut into runs of K*S, each permuted (Fisher-Yates, Philox)
//   steps      T = ceil(longest lane / lane_batch); in step t a lane of n positions takes
//              [floor(t n / T), floor((t+1) n / T)) of them
//
// So every sample is taken exactly once an epoch, the row counts of a lane differ by at most one,
// and no lane batch is empty if N >= V * T. Ids here are relative to the split's first id.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/range.h"
#include "base/status.h"

namespace lockstep::storage {

struct OrderSpec {
  int64_t samples = 0;         // N, of the split
  int64_t shard_size = 256;    // S, a property of the dataset
  int64_t window_shards = 64;  // K, of the recipe
  int32_t lanes = 1;           // V
  int64_t lane_batch = 1;      // rows of a full lane batch
  uint64_t seed = 0;
};

// OK if an order can be made: every number positive, at most 2^24 positions per window (the Philox
// counter holds no more) and 2^31 samples. The functions below CHECK what this refuses.
Status Validate(const OrderSpec& spec);

int64_t StepsPerEpoch(const OrderSpec& spec);  // T, at least 1

Range LaneRange(const OrderSpec& spec, Lane lane);  // the lane's positions in the epoch

// The lane batch of step 0 <= step < T, counted from the start of the lane, without making the
// order; its size is the number of rows, 0 where the lane has nothing to do.
Range RowRange(const OrderSpec& spec, Lane lane, int64_t step_in_epoch);
int64_t RowsOf(const OrderSpec& spec, Lane lane, int64_t step_in_epoch);

// The distinct row counts > 0 of all lanes and steps, increasing: at most four, and no others ever
// occur. Plans are compiled for them before step 0.
std::vector<int64_t> RowCounts(const OrderSpec& spec);

// Consecutive sample ids [first, first + count).
struct IdRun {
  uint64_t first = 0;
  int64_t count = 0;
  bool operator==(const IdRun&) const = default;
};

// The order of one epoch. It keeps four bytes a shard and computes windows when they are asked for.
// Any number of threads may use it.
class EpochOrder {
 public:
  EpochOrder(const OrderSpec& spec, Epoch epoch);

  const OrderSpec& spec() const { return spec_; }
  Epoch epoch() const { return epoch_; }

  // All ids of a lane in the order in which the epoch consumes them.
  std::vector<uint64_t> LaneIds(Lane lane) const;
  // The ids of one step; empty where the lane has nothing to do. Whoever asks for step after step
  // uses LaneOrder, which keeps the window that they lie in.
  std::vector<uint64_t> LaneBatch(Lane lane, int64_t step_in_epoch) const;

  // The windows of a lane: window w holds the lane's positions [w K S, (w+1) K S), and its ids are
  // those of a few runs (whole shards but for the ends), in position order before they are
  // permuted.
  int64_t WindowsOf(Lane lane) const;
  std::vector<IdRun> WindowRuns(Lane lane, int64_t window) const;
  std::vector<uint64_t> WindowIds(Lane lane, int64_t window) const;  // in the order of consumption

 private:
  int64_t StartOf(int64_t k) const;  // position of the first id of the k-th shard of the epoch
  void AppendRuns(Range positions, std::vector<IdRun>* runs) const;

  OrderSpec spec_;
  Epoch epoch_;
  std::vector<uint32_t> shards_;  // permuted shard numbers
  int64_t short_shard_ = 0;       // where in shards_ the last, perhaps shorter, shard stands
};

// The ids of one lane in one epoch, step after step. It keeps one window; one thread at a time.
class LaneOrder {
 public:
  LaneOrder(std::shared_ptr<const EpochOrder> order, Lane lane)
      : order_(std::move(order)), lane_(lane) {}

  const EpochOrder& epoch_order() const { return *order_; }
  std::vector<uint64_t> Batch(int64_t step_in_epoch);

 private:
  std::shared_ptr<const EpochOrder> order_;
  Lane lane_;
  int64_t window_ = -1;
  std::vector<uint64_t> ids_;  // of that window
};

}  // namespace lockstep::storage
