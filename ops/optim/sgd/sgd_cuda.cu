// SPDX-License-Identifier: Apache-2.0
#include "ops/core/gpu_kernel.h"

namespace lockstep::ops::sgd {

GPU_KERNEL(sgd_f32,
           (const float* param, const float* grad, const float* velocity, const float* lr_of_step,
            const float* scale_of_step, float* new_param, float* new_velocity, int64_t n,
            float momentum, float weight_decay, int32_t nesterov)) {
  const float lr = *lr_of_step, grad_scale = *scale_of_step;
  GPU_FOR(i, n) {
    float g = grad[i] * grad_scale;
    if (weight_decay != 0.0f) g += weight_decay * param[i];  // 0 * infinity is NaN
    const float v = momentum * velocity[i] + g;
    const float d = nesterov != 0 ? g + momentum * v : v;
    const float p = param[i] - lr * d;
    gpu::Store(new_velocity + i, v);
    gpu::Store(new_param + i, p);
  }
}

}  // namespace lockstep::ops::sgd
