// SPDX-License-Identifier: Apache-2.0
#include "ops/core/gpu_moments.h"

namespace lockstep::ops::adam {

GPU_KERNEL(adam_f32, (const float* param, const float* grad, const float* m, const float* v,
                      const float* lr_of_step, const float* scale_of_step, const float* bias1,
                      const float* bias2, float* new_param, float* new_m, float* new_v, int64_t n,
                      gpu::Moments moments, float weight_decay)) {
  const float lr = *lr_of_step, grad_scale = *scale_of_step;
  const float step_size = lr / *bias1, bias2_root = gpu::Root(*bias2);
  GPU_FOR(i, n) {
    float g = grad[i] * grad_scale;
    if (weight_decay != 0.0f) g += weight_decay * param[i];  // 0 * infinity is NaN
    const gpu::MomentsOfElement next =
        gpu::UpdateMoments(moments, m[i], v[i], g, step_size, bias2_root);
    const float from = param[i];
    gpu::Store(new_m + i, next.m);
    gpu::Store(new_v + i, next.v);
    gpu::Store(new_param + i, from - next.step);
  }
}

}  // namespace lockstep::ops::adam
