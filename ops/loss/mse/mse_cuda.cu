// SPDX-License-Identifier: Apache-2.0
#include "ops/core/gpu_kernel.h"

namespace lockstep::ops::mse {

GPU_DEVICE double LossOf(double x, double t) { return (x - t) * (x - t); }
GPU_DEVICE double SlopeOf(double x, double t) { return 2.0 * (x - t); }

GPU_KERNEL(mse_f32, (const float* x, const float* t, double* losses, int64_t n)) {
  GPU_FOR(i, n) {
    gpu::Store(losses + i, LossOf(static_cast<double>(x[i]), static_cast<double>(t[i])));
  }
}

// dx may be x or t.
GPU_KERNEL(mse_grad_f32,
           (const float* x, const float* t, const double* dnumerator, float* dx, int64_t n)) {
  const double scale = *dnumerator;
  GPU_FOR(i, n) {
    const double slope = SlopeOf(static_cast<double>(x[i]), static_cast<double>(t[i]));
    gpu::Store(dx + i, static_cast<float>(slope * scale));
  }
}

}  // namespace lockstep::ops::mse
