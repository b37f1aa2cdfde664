// SPDX-License-Identifier: Apache-2.0
#include "ops/core/gpu_pool.h"

namespace lockstep::ops::max_pool2d {

// A thread an output. The first maximum wins; a NaN beats everything, of several the last wins.
GPU_KERNEL(max_pool2d_f32,
           (const float* x, float* y, int32_t* index, int64_t n, gpu::PoolShape s)) {
  GPU_FOR(i, n) {
    const gpu::Place at = gpu::PlaceOf(i, s.p, s.q, s.c);
    const gpu::Span rows = gpu::InsideWindow(at.h, s.h, s.kernel_h, s.stride_h, s.padding_h);
    const gpu::Span columns = gpu::InsideWindow(at.w, s.w, s.kernel_w, s.stride_w, s.padding_w);
    float best = 0.0f;
    int64_t place = -1;
    for (int64_t r = rows.begin; r < rows.end; ++r) {
      const int64_t h = at.h * s.stride_h - s.padding_h + r;
      for (int64_t column = columns.begin; column < columns.end; ++column) {
        const int64_t w = at.w * s.stride_w - s.padding_w + column;
        const float v = x[((at.n * s.h + h) * s.w + w) * s.c + at.c];
        const bool wins = place < 0 || v > best || v != v;
        best = wins ? v : best;
        place = wins ? r * s.kernel_w + column : place;
      }
    }
    gpu::Store(y + i, best);
    gpu::Store(index + i, static_cast<int32_t>(place));
  }
}

// A thread a pixel of dx: it adds the dy of the windows that chose it, in increasing (p, q).
GPU_KERNEL(max_pool2d_grad_f32,
           (const int32_t* index, const float* dy, float* dx, int64_t n, gpu::PoolShape s)) {
  GPU_FOR(i, n) {
    const gpu::Place at = gpu::PlaceOf(i, s.h, s.w, s.c);
    const gpu::Span rows = gpu::CoveringWindows(at.h, s.p, s.kernel_h, s.stride_h, s.padding_h);
    const gpu::Span columns = gpu::CoveringWindows(at.w, s.q, s.kernel_w, s.stride_w, s.padding_w);
    float sum = 0.0f;
    for (int64_t p = rows.begin; p < rows.end; ++p) {
      const int64_t r = at.h + s.padding_h - p * s.stride_h;
      for (int64_t q = columns.begin; q < columns.end; ++q) {
        const int64_t column = at.w + s.padding_w - q * s.stride_w;
        const int64_t output = ((at.n * s.p + p) * s.q + q) * s.c + at.c;
        sum += index[output] == r * s.kernel_w + column ? dy[output] : 0.0f;
      }
    }
    gpu::Store(dx + i, sum);
  }
}

// A thread an output: x at the place its window chose, 0 where that lies outside.
GPU_KERNEL(max_pool2d_gather_f32,
           (const int32_t* index, const float* x, float* y, int64_t n, gpu::PoolShape s)) {
  GPU_FOR(i, n) {
    const gpu::Place at = gpu::PlaceOf(i, s.p, s.q, s.c);
    const int64_t place = index[i];
    const int64_t h = at.h * s.stride_h - s.padding_h + place / s.kernel_w;
    const int64_t w = at.w * s.stride_w - s.padding_w + place % s.kernel_w;
    const bool inside = place >= 0 && h >= 0 && h < s.h && w >= 0 && w < s.w;
    gpu::Store(y + i, inside ? x[((at.n * s.h + h) * s.w + w) * s.c + at.c] : 0.0f);
  }
}

}  // namespace lockstep::ops::max_pool2d
