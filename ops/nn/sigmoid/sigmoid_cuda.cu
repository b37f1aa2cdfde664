// SPDX-License-Identifier: Apache-2.0
#include "ops/core/gpu_kernel.h"

namespace lockstep::ops::sigmoid {

GPU_KERNEL(sigmoid_f32, (const float* x, float* y, int64_t n)) {
  GPU_FOR(i, n) {
    gpu::Store(y + i, static_cast<float>(1.0 / (1.0 + exp(-static_cast<double>(x[i])))));
  }
}

GPU_KERNEL(sigmoid_grad_f32, (const float* y, const float* dy, float* dx, int64_t n)) {
  GPU_FOR(i, n) gpu::Store(dx + i, dy[i] * (y[i] * (1.0f - y[i])));
}

}  // namespace lockstep::ops::sigmoid
