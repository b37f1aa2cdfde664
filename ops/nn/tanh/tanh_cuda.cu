// SPDX-License-Identifier: Apache-2.0
#include "ops/core/gpu_kernel.h"

namespace lockstep::ops::tanh {

GPU_KERNEL(tanh_f32, (const float* x, float* y, int64_t n)) {
  GPU_FOR(i, n) gpu::Store(y + i, static_cast<float>(::tanh(static_cast<double>(x[i]))));
}

GPU_KERNEL(tanh_grad_f32, (const float* y, const float* dy, float* dx, int64_t n)) {
  GPU_FOR(i, n) gpu::Store(dx + i, dy[i] * (1.0f - y[i] * y[i]));
}

}  // namespace lockstep::ops::tanh
