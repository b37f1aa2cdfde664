// SPDX-License-Identifier: Apache-2.0
// The metrics of classification, as functions of its counts. A ratio of nothing is 0, as
// scikit-learn takes it by default.
#pragma once

#include <string_view>
#include <vector>

#include "base/metric.h"
#include "graph/tasks/classification/counts.h"

namespace lockstep::graph::classification {

// To add a metric: a function in metrics.cc and a line in its table.
struct MetricRule {
  std::string_view name;
  double (*measure)(const Counts& counts);
  bool larger_is_better;
  std::string_view unit;
};
const std::vector<MetricRule>& MetricRules();
// The one by which evaluations are compared.
std::string_view Primary();

// precision = hits / predicted, recall = hits / actual, f1 = 2 hits / (predicted + actual).
struct ClassScores {
  double precision = 0.0, recall = 0.0, f1 = 0.0;
};
ClassScores ScoresOf(const Counts& counts, size_t index);

}  // namespace lockstep::graph::classification
