// SPDX-License-Identifier: Apache-2.0
#include "ops/core/gpu_pool.h"

namespace lockstep::ops::avg_pool2d {

// What the sum of window (p, q) is divided by.
GPU_DEVICE double Divisor(const gpu::PoolShape& s, int64_t p, int64_t q, int32_t count_padding) {
  if (count_padding != 0) return static_cast<double>(s.kernel_h * s.kernel_w);
  return static_cast<double>(gpu::InsideWindow(p, s.h, s.kernel_h, s.stride_h, s.padding_h).size() *
                             gpu::InsideWindow(q, s.w, s.kernel_w, s.stride_w, s.padding_w).size());
}

// A thread an output: the sum in double, in increasing (r, s), rounded once.
GPU_KERNEL(avg_pool2d_f32,
           (const float* x, float* y, int64_t n, gpu::PoolShape s, int32_t count_padding)) {
  GPU_FOR(i, n) {
    const gpu::Place at = gpu::PlaceOf(i, s.p, s.q, s.c);
    const gpu::Span rows = gpu::InsideWindow(at.h, s.h, s.kernel_h, s.stride_h, s.padding_h);
    const gpu::Span columns = gpu::InsideWindow(at.w, s.w, s.kernel_w, s.stride_w, s.padding_w);
    double sum = 0.0;
    for (int64_t r = rows.begin; r < rows.end; ++r) {
      const int64_t h = at.h * s.stride_h - s.padding_h + r;
      for (int64_t column = columns.begin; column < columns.end; ++column) {
        const int64_t w = at.w * s.stride_w - s.padding_w + column;
        sum += static_cast<double>(x[((at.n * s.h + h) * s.w + w) * s.c + at.c]);
      }
    }
    gpu::Store(y + i, static_cast<float>(sum / Divisor(s, at.h, at.w, count_padding)));
  }
}

// The gradient of one pixel: dy / divisor over the windows that cover it, in increasing (p, q).
GPU_DEVICE float PixelGrad(const float* dy, int64_t i, const gpu::PoolShape& s,
                           int32_t count_padding) {
  const gpu::Place at = gpu::PlaceOf(i, s.h, s.w, s.c);
  const gpu::Span rows = gpu::CoveringWindows(at.h, s.p, s.kernel_h, s.stride_h, s.padding_h);
  const gpu::Span columns = gpu::CoveringWindows(at.w, s.q, s.kernel_w, s.stride_w, s.padding_w);
  double sum = 0.0;
  for (int64_t p = rows.begin; p < rows.end; ++p) {
    for (int64_t q = columns.begin; q < columns.end; ++q) {
      sum += static_cast<double>(dy[((at.n * s.p + p) * s.q + q) * s.c + at.c]) /
             Divisor(s, p, q, count_padding);
    }
  }
  return static_cast<float>(sum);
}

GPU_KERNEL(avg_pool2d_grad_f32,
           (const float* dy, float* dx, int64_t n, gpu::PoolShape s, int32_t count_padding)) {
  GPU_FOR(i, n) gpu::Store(dx + i, PixelGrad(dy, i, s, count_padding));
}

GPU_KERNEL(avg_pool2d_tanh_grad_f32, (const float* dy, const float* t, float* dx, int64_t n,
                                      gpu::PoolShape s, int32_t count_padding)) {
  GPU_FOR(i, n) { gpu::Store(dx + i, PixelGrad(dy, i, s, count_padding) * (1.0f - t[i] * t[i])); }
}

}  // namespace lockstep::ops::avg_pool2d
