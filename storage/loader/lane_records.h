// SPDX-License-Identifier: Apache-2.0
// LaneRecords: the records of one lane, read shard by shard. It holds runs of the lane's current
// window until each record is taken, and of the next window as they are read ahead. What it holds
// decides how fast a record is had, never which. Internal to storage/loader; one thread at a time.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/status.h"
#include "storage/loader/record_source.h"
#include "storage/order/epoch_order.h"

namespace lockstep::storage {

class LaneRecords {
 public:
  // `first` is the split's first id; ids below are relative to it. At most about `budget` bytes of
  // records are held at once: a run is not read where records of the dataset's mean size would not
  // fit.
  LaneRecords(const RecordSource* source, SampleId first, int64_t budget);

  // The window that the ids of the next calls of Take come from, as its runs of ids.
  using WindowId = std::pair<Epoch, int64_t>;
  void Enter(WindowId window, const std::vector<IdRun>& runs);
  bool IsIn(WindowId window) const { return current_.id == window; }

  // The record of an id of the current window; each is taken once. Errors name the sample.
  Result<Record> Take(uint64_t relative_id);

  // Reads runs of `window`, the one that follows the current, until the part done / of them has
  // been read. A run that cannot be read is left to Take, which finds the record at fault.
  void ReadAhead(WindowId window, const std::vector<IdRun>& runs, int64_t done, int64_t of);

  int64_t held() const { return held_; }  // bytes of records held now

 private:
  struct HeldRun {
    IdRun run;
    bool tried = false;           // read, or found not to fit
    std::vector<Record> records;  // empty where it is not held
  };
  struct Window {
    WindowId id{Epoch(-1), -1};
    std::vector<HeldRun> runs;  // by first id
    int64_t untaken = 0;        // bytes of records held and not taken yet
  };

  static Window MakeWindow(WindowId id, const std::vector<IdRun>& runs);
  void Load(HeldRun* run, Window* window);

  const RecordSource* source_;
  SampleId first_;
  int64_t budget_;
  int64_t mean_bytes_;  // of a record in memory
  int64_t held_ = 0;
  Window current_, next_;
};

}  // namespace lockstep::storage
