// SPDX-License-Identifier: Apache-2.0
#include "ops/core/gpu_philox.h"

namespace lockstep::ops::dropout2d {

// Number i of N C, a channel of an image, is kept where the top 24 bits of its word are at least
// `least` (ops/core/kept_mask.h).
GPU_KERNEL(dropout2d_mask_f32,
           (uint8_t * mask, int64_t n, gpu::PhiloxStart start, uint32_t least)) {
  GPU_FOR(i, n) {
    const uint32_t word = gpu::PhiloxWord(start, static_cast<uint64_t>(i));
    gpu::Store(mask + i, static_cast<uint8_t>((word >> 8) >= least ? 1 : 0));
  }
}

// x and y (N, pixels, C), mask (N, C).
GPU_KERNEL(dropout2d_keep_f32, (const float* x, const uint8_t* mask, float* y, int64_t n,
                                int64_t pixels, int64_t channels, float factor)) {
  GPU_FOR(i, n) {
    const int64_t image = i / (pixels * channels), c = i % channels;
    gpu::Store(y + i, mask[image * channels + c] != 0 ? x[i] * factor : 0.0f);
  }
}

}  // namespace lockstep::ops::dropout2d
