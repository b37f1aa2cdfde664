// SPDX-License-Identifier: Apache-2.0
#include "ops/core/gpu_philox.h"

namespace lockstep::ops::dropout {

// Element i is kept where the top 24 bits of its word are at least `least` (ops/core/kept_mask.h).
GPU_KERNEL(dropout_f32, (const float* x, float* y, uint8_t* mask, int64_t n, gpu::PhiloxStart start,
                         uint32_t least, float factor)) {
  GPU_FOR(i, n) {
    const uint32_t word = gpu::PhiloxWord(start, static_cast<uint64_t>(i));
    const bool kept = (word >> 8) >= least;
    gpu::Store(y + i, kept ? x[i] * factor : 0.0f);
    gpu::Store(mask + i, static_cast<uint8_t>(kept ? 1 : 0));
  }
}

GPU_KERNEL(dropout_grad_f32,
           (const float* dy, const uint8_t* mask, float* dx, int64_t n, float factor)) {
  GPU_FOR(i, n) gpu::Store(dx + i, mask[i] != 0 ? dy[i] * factor : 0.0f);
}

}  // namespace lockstep::ops::dropout
