// SPDX-License-Identifier: Apache-2.0
// StopCost: how long this run takes from a wish to stop until its checkpoint is in place, as far as
// it was measured: the longest step and the longest checkpoint so far. It also knows the newest
// checkpoint of this start. It is for whoever must wish for a stop in time; no decision that
// changes bits reads it. Any thread may call it.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/clock.h"

namespace lockstep::worker {

class StopCost {
 public:
  void NoteStep(Duration took) { Raise(&step_, took); }
  void NoteCheckpoint(int64_t step, Duration took) {
    Raise(&checkpoint_, took);
    newest_.store(step);
  }

  // Zero: none was measured yet.
  Duration step() const { return Duration(step_.load()); }
  Duration checkpoint() const { return Duration(checkpoint_.load()); }
  // The step of the newest checkpoint of this start; -1: it took none.
  int64_t newest_checkpoint() const { return newest_.load(); }
  Duration total() const { return step() + checkpoint(); }

 private:
  static void Raise(std::atomic<Duration::rep>* most, Duration took) {
    Duration::rep seen = most->load();
    while (seen < took.count() && !most->compare_exchange_weak(seen, took.count())) {
    }
  }

  std::atomic<Duration::rep> step_{0}, checkpoint_{0};
  std::atomic<int64_t> newest_{-1};
};

}  // namespace lockstep::worker
