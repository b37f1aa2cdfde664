// SPDX-License-Identifier: Apache-2.0
#include "ops/core/gpu_kernel.h"

namespace lockstep::ops::bias_add {

GPU_KERNEL(bias_add_f32, (const float* x, const float* b, float* y, int64_t n, int64_t channels)) {
  GPU_FOR(i, n) gpu::Store(y + i, x[i] + b[i % channels]);
}

}  // namespace lockstep::ops::bias_add
