// SPDX-License-Identifier: Apache-2.0
// The attributes of the loss as its GPU kernels take them.
#pragma once

#include <cstdint>

namespace lockstep::gpu {

inline constexpr int64_t kMostClassWeights = 256;

struct PixelLoss {
  int64_t ignore;
  double gamma, alpha;
  int64_t weight_count;  // 1, or one a class
  double weights[kMostClassWeights];
};

}  // namespace lockstep::gpu
