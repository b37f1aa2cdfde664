// SPDX-License-Identifier: Apache-2.0
// What an evaluation of a classifier counts, and the sums that hold it.
#pragma once

#include <cstdint>

#include "graph/tasks/class_counts.h"

namespace lockstep::graph::classification {

// A sample counts as nearly right where its class is among this many largest logits.
inline constexpr int64_t kTopK = 5;

// Adds the sums that CountsOf reads. logits (N, C); labels i32 (N).
void AddCounts(TaskBuilder& builder, Value logits, Value labels);

// Of samples.
struct Counts : ClassCounts {
  int64_t samples = 0;
  int64_t in_top_k = 0;
};
// Internal: a sum is missing, or has another shape.
Result<Counts> CountsOf(const Gathered& gathered);

}  // namespace lockstep::graph::classification
