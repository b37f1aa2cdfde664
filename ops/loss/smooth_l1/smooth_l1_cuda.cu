// SPDX-License-Identifier: Apache-2.0
#include "ops/core/gpu_kernel.h"

namespace lockstep::ops::smooth_l1 {

GPU_DEVICE double LossOf(double x, double t, double beta) {
  const double d = x < t ? t - x : x - t;
  return d < beta ? d * d / (2.0 * beta) : d - beta / 2.0;
}
GPU_DEVICE double SlopeOf(double x, double t, double beta) {
  const double d = x - t;
  if (d > -beta && d < beta) return d / beta;
  return d > 0.0 ? 1.0 : d < 0.0 ? -1.0 : d;
}

GPU_KERNEL(smooth_l1_f32,
           (const float* x, const float* t, double* losses, int64_t n, double beta)) {
  GPU_FOR(i, n) {
    gpu::Store(losses + i, LossOf(static_cast<double>(x[i]), static_cast<double>(t[i]), beta));
  }
}

// dx may be x or t.
GPU_KERNEL(smooth_l1_grad_f32, (const float* x, const float* t, const double* dnumerator, float* dx,
                                int64_t n, double beta)) {
  const double scale = *dnumerator;
  GPU_FOR(i, n) {
    const double slope = SlopeOf(static_cast<double>(x[i]), static_cast<double>(t[i]), beta);
    gpu::Store(dx + i, static_cast<float>(slope * scale));
  }
}

}  // namespace lockstep::ops::smooth_l1
