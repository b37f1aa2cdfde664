// SPDX-License-Identifier: Apache-2.0
#include "base/spread.h"

#include <algorithm>

#include "base/check.h"

namespace lockstep {

namespace {

// `sorted` at a part of the way from its first to its last value.
double QuantileOf(const std::vector<double>& sorted, double part) {
  const double at = part * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(at);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (at - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

}  // namespace

Spread SpreadOf(std::vector<double> values) {
  CHECK(!values.empty());
  std::sort(values.begin(), values.end());
  const size_t n = values.size();
  return {.median = (values[(n - 1) / 2] + values[n / 2]) / 2,
          .min = values.front(),
          .max = values.back(),
          .lower = QuantileOf(values, 0.25),
          .upper = QuantileOf(values, 0.75)};
}

}  // namespace lockstep
