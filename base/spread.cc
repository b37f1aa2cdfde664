// SPDX-License-Identifier: Apache-2.0
#include "base/spread.h"

#include <algorithm>

#include "base/check.h"

namespace lockstep {

Spread SpreadOf(std::vector<double> values) {
  CHECK(!values.empty());
  std::sort(values.begin(), values.end());
  const size_t n = values.size();
  return {(values[(n - 1) / 2] + values[n / 2]) / 2, values.front(), values.back()};
}

}  // namespace lockstep
