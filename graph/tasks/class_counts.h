// SPDX-License-Identifier: Apache-2.0
// ClassCounts: how often each class was predicted, occurred, and both: what tasks count that give
// one class to each row of logits, be it of a sample or of a pixel.
#pragma once

#include <cstdint>
#include <vector>

#include "graph/tasks/task.h"

namespace lockstep::graph {

// Up to this many classes all pairs of class and prediction are counted; above, the counts of each
// class alone.
inline constexpr int64_t kMostInConfusion = 1024;

struct ClassCounts {
  // Of each class: its rows that were taken for it, rows taken for it, its rows.
  std::vector<int64_t> hits, predicted, actual;
  std::vector<std::vector<int64_t>> confusion;  // [actual][predicted]; empty above kMostInConfusion
};

// Adds the sum that ClassCountsOf reads, once a task. logits (N, C); labels i32 (N), of which those
// that are no class are counted nowhere.
void AddClassCounts(TaskBuilder& builder, Value logits, Value labels);
// Internal: there is no such sum, or it has another shape.
Result<ClassCounts> ClassCountsOf(const Gathered& gathered);

// part / whole, and 0 of nothing, as scikit-learn takes it by default.
double Ratio(int64_t part, int64_t whole);

}  // namespace lockstep::graph
