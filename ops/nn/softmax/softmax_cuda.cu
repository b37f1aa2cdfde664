// SPDX-License-Identifier: Apache-2.0
#include "ops/core/gpu_softmax.h"

namespace lockstep::ops::softmax {

// A block a row.
GPU_KERNEL(softmax_f32, (const float* x, float* y, int64_t rows, int64_t channels)) {
  GPU_SHARED(double, scratch, gpu::kThreads);
  for (int64_t row = gpu::BlockIndex(); row < rows; row += gpu::BlockCount()) {
    const float* const in = x + row * channels;
    const gpu::RowSums sums = gpu::SumsOfRow(in, channels, scratch);
    gpu::StoreProbabilities(in, channels, sums, y + row * channels);
  }
}

GPU_KERNEL(softmax_grad_f32,
           (const float* y, const float* dy, float* dx, int64_t rows, int64_t channels)) {
  GPU_SHARED(double, scratch, gpu::kThreads);
  for (int64_t row = gpu::BlockIndex(); row < rows; row += gpu::BlockCount()) {
    const int64_t begin = row * channels;
    double own = 0.0;
    for (int64_t k = gpu::ThreadIndex(); k < channels; k += gpu::kThreads) {
      own += static_cast<double>(y[begin + k]) * static_cast<double>(dy[begin + k]);
    }
    const double sum = gpu::BlockSum(own, scratch);
    for (int64_t k = gpu::ThreadIndex(); k < channels; k += gpu::kThreads) {
      const double d = static_cast<double>(dy[begin + k]) - sum;
      gpu::Store(dx + begin + k, static_cast<float>(static_cast<double>(y[begin + k]) * d));
    }
  }
}

}  // namespace lockstep::ops::softmax
