// SPDX-License-Identifier: Apache-2.0
#include "ops/core/gpu_kernel.h"

namespace lockstep::ops::add {

GPU_KERNEL(add_f32, (const float* a, const float* b, float* y, int64_t n)) {
  GPU_FOR(i, n) gpu::Store(y + i, a[i] + b[i]);
}

}  // namespace lockstep::ops::add
