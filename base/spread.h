// SPDX-License-Identifier: Apache-2.0
// Spread: what is reported of repeated measurements.
#pragma once

#include <vector>

namespace lockstep {

struct Spread {
  double median = 0.0;  // of an even number, the mean of the middle two
  double min = 0.0, max = 0.0;
};

// The spread of `values`, of which there is at least one.
Spread SpreadOf(std::vector<double> values);

}  // namespace lockstep
