// SPDX-License-Identifier: Apache-2.0
// SubtreeSums: adds up the gradients of one rank's lanes by the canonical tree while lanes finish
// in any order on several threads, with few buffers.
//
// It owns no memory: buffers are numbers 0 .. buffers()-1, which the caller maps to arenas; `add`
// is called as add(dst, src) and must add buffer src to buffer dst elementwise. One step:
//
//   each of at most `at_once` threads:
//     while (auto claim = sums.Next()) {     // lanes come in increasing order
//       ... write the gradient of claim->lane to arena claim->buffer ...
//       sums.Complete(*claim);               // adds here what has become complete
//     }
//   after all threads: sums.SubtreeBuffers() has the sums of the maximal subtrees, in order.
//   when they have been sent: sums.Reset().
//
// The result's bits depend on nothing but the lanes' values. Thread-safe; additions run on the
// completing thread, outside the lock, and never two at once on one buffer.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/mutex.h"
#include "base/range.h"

namespace lockstep::comm {

class SubtreeSums {
 public:
  using Add = std::function<void(int32_t dst, int32_t src)>;
  struct Claim {
    Lane lane;
    int32_t buffer = 0;
  };

  // The number of buffers that can never run out while at most `at_once` lanes are between Next and
  // the return of Complete: the exact worst case over all orders of completion. With one lane at
  // once and 2^k lanes that are one subtree it is k + 1.
  static int32_t BuffersNeeded(Range lanes, int32_t all_lanes, int32_t at_once);

  // `lanes` are this rank's (LanesOfRank), at least one.
  SubtreeSums(Range lanes, int32_t all_lanes, int32_t at_once, Add add);

  int32_t buffers() const { return buffers_; }
  const std::vector<Range>& subtrees() const { return subtrees_; }

  // The next lane to run and the buffer for its values (which holds old values: overwrite or clear
  // it); nullopt when every lane has been claimed.
  std::optional<Claim> Next() EXCLUDES(mutex_);
  // The lane's values stand in its buffer.
  void Complete(const Claim& claim) EXCLUDES(mutex_);

  // True when every lane is complete and added.
  bool done() const EXCLUDES(mutex_);
  // The buffer that holds each maximal subtree's sum, in order. Requires done().
  std::vector<int32_t> SubtreeBuffers() const EXCLUDES(mutex_);
  // Makes it ready for the next step; all buffers are free. Requires that no lane is running (a
  // lane that failed is simply not completed).
  void Reset() EXCLUDES(mutex_);

 private:
  using Node = std::pair<int64_t, int64_t>;  // [begin, end)

  const Range& SubtreeOf(int64_t lane) const;

  const Range lanes_;
  const std::vector<Range> subtrees_;
  const int32_t buffers_;
  const Add add_;

  mutable Mutex mutex_;
  int64_t next_lane_ GUARDED_BY(mutex_);
  std::vector<int32_t> free_ GUARDED_BY(mutex_);
  std::map<Node, int32_t> complete_ GUARDED_BY(mutex_);  // node whose sum stands in a buffer
};

}  // namespace lockstep::comm
