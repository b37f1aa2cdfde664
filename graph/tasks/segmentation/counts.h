// SPDX-License-Identifier: Apache-2.0
// What an evaluation of a segmenter counts, in pixels, and the metrics that are made of it. Pixels
// to ignore are counted nowhere.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "base/metric.h"
#include "graph/tasks/class_counts.h"

namespace lockstep::graph::segmentation {

// Adds what ClassCountsOf reads. logits (N, H, W, C); mask i32 (N, H, W).
void AddCounts(TaskBuilder& builder, Value logits, Value mask);

// Intersection over union of a class, hits / (predicted + actual - hits), and the Dice coefficient,
// 2 hits / (predicted + actual); both 0 for a class that neither occurs nor is predicted.
double Iou(const ClassCounts& counts, size_t index);
double Dice(const ClassCounts& counts, size_t index);

// To add a metric: a function in counts.cc and a line in its table.
struct MetricRule {
  std::string_view name;
  double (*measure)(const ClassCounts& counts);
  bool larger_is_better;
  std::string_view unit;
};
const std::vector<MetricRule>& MetricRules();
// The one by which evaluations are compared.
std::string_view Primary();

}  // namespace lockstep::graph::segmentation
