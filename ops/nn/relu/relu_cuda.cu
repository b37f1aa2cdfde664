// SPDX-License-Identifier: Apache-2.0
#include "ops/core/gpu_kernel.h"

namespace lockstep::ops::relu {

GPU_KERNEL(relu_f32, (const float* x, float* y, int64_t n)) {
  GPU_FOR(i, n) gpu::Store(y + i, x[i] < 0 ? 0.0f : x[i]);
}

GPU_KERNEL(relu_grad_f32, (const float* y, const float* dy, float* dx, int64_t n)) {
  GPU_FOR(i, n) gpu::Store(dx + i, y[i] > 0 ? dy[i] : 0.0f);
}

}  // namespace lockstep::ops::relu
