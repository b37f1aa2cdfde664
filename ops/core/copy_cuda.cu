// SPDX-License-Identifier: Apache-2.0
#include "ops/core/gpu_kernel.h"

namespace lockstep::ops {

// For ops whose result is their input in another shape; x and y may be one buffer.
GPU_KERNEL(copy_f32, (const float* x, float* y, int64_t n)) {
  GPU_FOR(i, n) gpu::Store(y + i, x[i]);
}

// One number that the launch knows.
GPU_KERNEL(store_f64, (double* to, double value)) { GPU_FOR(i, 1) gpu::Store(to + i, value); }

}  // namespace lockstep::ops
