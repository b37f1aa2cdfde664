// SPDX-License-Identifier: Apache-2.0
#include "base/metric.h"

#include <algorithm>
#include <cmath>

#include "base/format.h"

namespace lockstep {

const Metric* FindMetric(const std::vector<Metric>& metrics, std::string_view name) {
  const auto found = std::find_if(metrics.begin(), metrics.end(),
                                  [&](const Metric& metric) { return metric.name == name; });
  return found == metrics.end() ? nullptr : &*found;
}

std::vector<std::string> NamesOf(const std::vector<Metric>& metrics) {
  std::vector<std::string> names;
  for (const Metric& metric : metrics) names.push_back(metric.name);
  return names;
}

bool IsBetter(const Metric& metric, double value, double other) {
  if (std::isnan(value)) return false;
  if (std::isnan(other)) return true;
  return metric.larger_is_better ? value > other : value < other;
}

std::string MetricTexts(const std::vector<Metric>& metrics) {
  std::string text;
  for (const Metric& metric : metrics) {
    text += "  " + metric.name + " " +
            (metric.unit == kFractionUnit ? Format("%.2f %%", 100.0 * metric.value)
                                          : Format("%.4f", metric.value));
  }
  return text;
}

}  // namespace lockstep
