// SPDX-License-Identifier: Apache-2.0
// EvalSums: which numbers an evaluation adds up, and where they stand in rows of sums. Taken from
// the results of an evaluation plan, so that nothing here knows a task.
#pragma once

#include <vector>

#include "comm/reduce/all_sum.h"
#include "graph/plan/plan.h"
#include "graph/tasks/task.h"
#include "worker/step/sum_places.h"

namespace lockstep::worker {

class EvalSums {
 public:
  // Any evaluation plan of the program: all of them have the same sums. It outlives this.
  explicit EvalSums(const graph::Plan* plan);

  // What a lane adds up: fp64 {numerator, denominator, the task's sums}, int64 {rows, stopped}.
  enum LaneF64 : size_t { kNumerator, kDenominator, kFirstSum };
  enum LaneI64 : size_t { kRows, kStopped, kLaneCounts };
  comm::SumRow EmptyLane() const;
  // The task's sums of int64, whichever lanes they are of.
  comm::SumRow EmptyCounts() const;

  // Adds the results of one batch, `results` as the plan orders them.
  void Add(const std::vector<void*>& results, comm::SumRow* lane, comm::SumRow* counts) const;

  // The task's totals.
  graph::Gathered Gather(const comm::SumRow& lanes, const comm::SumRow& counts) const;

 private:
  size_t numerator_, denominator_;  // places among the plan's results
  SumPlaces sums_;                  // of the task
};

}  // namespace lockstep::worker
