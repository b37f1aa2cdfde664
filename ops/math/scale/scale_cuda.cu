// SPDX-License-Identifier: Apache-2.0
#include "ops/core/gpu_kernel.h"

namespace lockstep::ops::scale {

GPU_KERNEL(scale_f32, (const float* x, const float* s, float* y, int64_t n)) {
  const float factor = *s;
  GPU_FOR(i, n) gpu::Store(y + i, x[i] * factor);
}

GPU_KERNEL(scale_f32_by_f64, (const float* x, const double* s, float* y, int64_t n)) {
  const float factor = static_cast<float>(*s);
  GPU_FOR(i, n) gpu::Store(y + i, x[i] * factor);
}

}  // namespace lockstep::ops::scale
