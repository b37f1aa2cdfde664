// SPDX-License-Identifier: Apache-2.0
// What an evaluation of a classifier counts, and the sums that hold it.
#pragma once

#include <cstdint>
#include <vector>

#include "graph/tasks/task.h"

namespace lockstep::graph::classification {

// Up to this many classes all pairs of class and prediction are counted; above, the counts of each
// class alone.
inline constexpr int64_t kMostInConfusion = 1024;
// A sample counts as nearly right where its class is among this many largest logits.
inline constexpr int64_t kTopK = 5;

// Adds the sums that CountsOf reads. logits (N, C); labels i32 (N).
void AddCounts(TaskBuilder& builder, Value logits, Value labels);

struct Counts {
  int64_t samples = 0;
  int64_t in_top_k = 0;
  // The numbers of each class: samples of it that were taken for it, samples taken for it, samples
  // of it.
  std::vector<int64_t> hits, predicted, actual;
  std::vector<std::vector<int64_t>> confusion;  // [actual][predicted]; empty above kMostInConfusion
};
// Internal: a sum is missing, or has another shape.
Result<Counts> CountsOf(const Gathered& gathered);

}  // namespace lockstep::graph::classification
