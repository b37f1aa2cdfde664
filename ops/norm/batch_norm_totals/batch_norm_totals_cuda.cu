// SPDX-License-Identifier: Apache-2.0
#include "ops/core/gpu_kernel.h"

namespace lockstep::ops::batch_norm_totals {

// totals (C) = count * value, +0 where nothing counts.
GPU_KERNEL(batch_norm_total_f32,
           (const float* value, double* total, int64_t channels, double count)) {
  GPU_FOR(c, channels) {
    gpu::Store(total + c, count == 0.0 ? 0.0 : count * static_cast<double>(value[c]));
  }
}

}  // namespace lockstep::ops::batch_norm_totals
