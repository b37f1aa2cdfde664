// SPDX-License-Identifier: Apache-2.0
#include "ops/core/gpu_kernel.h"

namespace lockstep::ops::concat {

// Writes the channels [begin, begin + count) of each row of y from the rows of x, of count
// channels.
GPU_KERNEL(concat_part_f32,
           (const float* x, float* y, int64_t n, int64_t count, int64_t begin, int64_t channels)) {
  GPU_FOR(i, n) {
    const int64_t row = i / count, c = i - row * count;
    gpu::Store(y + row * channels + begin + c, x[i]);
  }
}

GPU_KERNEL(slice_channels_f32,
           (const float* x, float* y, int64_t n, int64_t count, int64_t begin, int64_t channels)) {
  GPU_FOR(i, n) {
    const int64_t row = i / count, c = i - row * count;
    gpu::Store(y + i, x[row * channels + begin + c]);
  }
}

GPU_KERNEL(place_channels_f32,
           (const float* x, float* y, int64_t n, int64_t count, int64_t begin, int64_t channels)) {
  GPU_FOR(i, n) {
    const int64_t row = i / channels, c = i - row * channels - begin;
    gpu::Store(y + i, c >= 0 && c < count ? x[row * count + c] : 0.0f);
  }
}

}  // namespace lockstep::ops::concat
