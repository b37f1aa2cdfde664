// SPDX-License-Identifier: Apache-2.0
// What an evaluation of a segmenter counts, in pixels, and the metrics that are made of it. Pixels
// to ignore are counted nowhere.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/metric.h"
#include "graph/tasks/task.h"

namespace lockstep::graph::segmentation {

// Up to this many classes all pairs of class and prediction are counted; above, the counts of each
// class alone.
inline constexpr int64_t kMostInConfusion = 1024;

// Adds the sums that CountsOf reads. logits (N, H, W, C); mask i32 (N, H, W).
void AddCounts(TaskBuilder& builder, Value logits, Value mask);

struct Counts {
  // Of each class: its pixels that were taken for it, pixels taken for it, its pixels.
  std::vector<int64_t> hits, predicted, actual;
  std::vector<std::vector<int64_t>> confusion;  // [actual][predicted]; empty above kMostInConfusion
};
// Internal: a sum is missing, or has another shape.
Result<Counts> CountsOf(const Gathered& gathered);

// Intersection over union of a class, hits / (predicted + actual - hits), and the Dice coefficient,
// 2 hits / (predicted + actual); both 0 for a class that neither occurs nor is predicted.
double Iou(const Counts& counts, size_t index);
double Dice(const Counts& counts, size_t index);

// To add a metric: a function in counts.cc and a line in its table.
struct MetricRule {
  std::string_view name;
  double (*measure)(const Counts& counts);
  bool larger_is_better;
  std::string_view unit;
};
const std::vector<MetricRule>& MetricRules();
// The one by which evaluations are compared.
std::string_view Primary();

}  // namespace lockstep::graph::segmentation
