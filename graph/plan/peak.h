// SPDX-License-Identifier: Apache-2.0
// What fills a plan's arena where it is fullest.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "graph/plan/plan.h"

namespace lockstep::graph {

// A buffer alive at the node where the most bytes are, named by the node that made it.
struct PeakTensor {
  std::string path;  // scope path of the layer
  std::string op;    // "conv2d"
  std::string what;  // its type, "f32[32,56,56,256]", or "workspace"
  int64_t bytes = 0;
};

// The largest `count` of them, largest first; of two that are as large the one made first comes
// first.
std::vector<PeakTensor> LargestAtPeak(const Plan& plan, size_t count);

}  // namespace lockstep::graph
