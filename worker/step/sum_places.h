// SPDX-License-Identifier: Apache-2.0
// SumPlaces: the sums of a task (graph::TaskBuilder::Sum) among the results of a plan, and where
// their elements stand in rows of numbers: those of f64 one behind the other, and those of i64.
#pragma once

#include <cstdint>
#include <vector>

#include "graph/plan/plan.h"
#include "graph/tasks/task.h"

namespace lockstep::worker {

class SumPlaces {
 public:
  // It outlives this.
  explicit SumPlaces(const graph::Plan* plan);

  // How many numbers the sums have in all.
  size_t f64() const { return f64_; }
  size_t i64() const { return i64_; }

  // Adds the elements of a batch's results, which are as the plan orders them.
  void Add(const std::vector<void*>& results, double* f64, int64_t* i64) const;
  // The numbers under the names of their sums, of batches of so many samples in all.
  std::vector<graph::SumTotal> Totals(const double* f64, const int64_t* i64, int64_t samples) const;

 private:
  const graph::Plan* plan_;
  std::vector<size_t> sums_;  // places among the plan's results
  size_t f64_ = 0, i64_ = 0;
};

}  // namespace lockstep::worker
