// SPDX-License-Identifier: Apache-2.0
// Spread: what is reported of repeated measurements.
#pragma once

#include <vector>

namespace lockstep {

struct Spread {
  double median = 0.0;  // of an even number, the mean of the middle two
  double min = 0.0, max = 0.0;
  // Quartiles: a quarter of the way, and three, from the least to the most value in their order,
  // between two values in proportion (Hyndman and Fan's definition 7, 1996).
  double lower = 0.0, upper = 0.0;
};

// The spread of `values`, of which there is at least one.
Spread SpreadOf(std::vector<double> values);

}  // namespace lockstep
