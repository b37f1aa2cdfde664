// SPDX-License-Identifier: Apache-2.0
// Sums in double that are cut into parts by the shapes alone: see gpu_sums.h.
#include "ops/core/gpu_kernel.h"

namespace lockstep::ops {

// parts[part][c] = sum of x[row][c] over the rows of the part, in their order.
GPU_KERNEL(sum_rows_f32, (const float* x, double* parts, int64_t rows, int64_t channels,
                          int64_t rows_of_part, int64_t part_count)) {
  GPU_FOR(i, part_count * channels) {
    const int64_t part = i / channels, c = i - part * channels;
    const int64_t end = gpu::Smaller(rows, (part + 1) * rows_of_part);
    double sum = 0.0;
    for (int64_t row = part * rows_of_part; row < end; ++row) {
      sum += static_cast<double>(x[row * channels + c]);
    }
    gpu::Store(parts + i, sum);
  }
}

// The same of doubles, of one channel.
GPU_KERNEL(sum_f64,
           (const double* x, double* parts, int64_t n, int64_t of_part, int64_t part_count)) {
  GPU_FOR(part, part_count) {
    const int64_t end = gpu::Smaller(n, (part + 1) * of_part);
    double sum = 0.0;
    for (int64_t i = part * of_part; i < end; ++i) sum += x[i];
    gpu::Store(parts + part, sum);
  }
}

template <typename T>
GPU_DEVICE void SumParts(const double* parts, T* sums, int64_t part_count, int64_t channels,
                         double factor, double* scratch) {
  for (int64_t c = gpu::BlockIndex(); c < channels; c += gpu::BlockCount()) {
    double sum = 0.0;
    for (int64_t part = gpu::ThreadIndex(); part < part_count; part += gpu::kThreads) {
      sum += parts[part * channels + c];
    }
    const double total = gpu::BlockSum(sum, scratch);
    if (gpu::ThreadIndex() == 0) gpu::Store(sums + c, static_cast<T>(total * factor));
  }
}

// sums[c] = factor * sum over the parts: a thread adds every 128th part, the block these.
GPU_KERNEL(sum_parts_f32, (const double* parts, float* sums, int64_t part_count, int64_t channels,
                           double factor)) {
  GPU_SHARED(double, scratch, gpu::kThreads);
  SumParts(parts, sums, part_count, channels, factor, scratch);
}
GPU_KERNEL(sum_parts_f64, (const double* parts, double* sums, int64_t part_count, int64_t channels,
                           double factor)) {
  GPU_SHARED(double, scratch, gpu::kThreads);
  SumParts(parts, sums, part_count, channels, factor, scratch);
}

}  // namespace lockstep::ops
