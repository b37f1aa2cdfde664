// SPDX-License-Identifier: Apache-2.0
// Metric: one number that an evaluation gives, with what is needed to show and to compare it.
// Which metrics there are is their task's affair (graph/tasks); whoever writes, shows or compares
// them goes through a list of these.
#pragma once

#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep {

// The unit of a value in [0, 1] that people are shown per cent.
inline constexpr std::string_view kFractionUnit = "fraction";

struct Metric {
  std::string name;                                         // snake_case; a column of results.csv
  double value = std::numeric_limits<double>::quiet_NaN();  // NaN: nothing was evaluated
  bool larger_is_better = true;
  std::string unit;  // kFractionUnit, or empty: a plain number
  bool operator==(const Metric&) const = default;
};

// The metric of that name; null where there is none.
const Metric* FindMetric(const std::vector<Metric>& metrics, std::string_view name);
std::vector<std::string> NamesOf(const std::vector<Metric>& metrics);

// Whether `value` of that metric is strictly better than `other`. Every number is better than a
// NaN; a NaN is never better.
bool IsBetter(const Metric& metric, double value, double other);

// For people, each with two spaces before it: "  acc1 87.65 %  loss 0.4321".
std::string MetricTexts(const std::vector<Metric>& metrics);

}  // namespace lockstep
