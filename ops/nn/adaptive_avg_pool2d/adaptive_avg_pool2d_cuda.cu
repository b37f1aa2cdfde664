// SPDX-License-Identifier: Apache-2.0
#include "ops/core/gpu_pool.h"

namespace lockstep::ops::adaptive_avg_pool2d {

// The inputs of output p: [floor(p in / out), ceil((p + 1) in / out)).
GPU_DEVICE gpu::Span Window(int64_t p, int64_t in, int64_t out) {
  return {p * in / out, ((p + 1) * in + out - 1) / out};
}
// The outputs whose windows cover input i.
GPU_DEVICE gpu::Span Covering(int64_t i, int64_t in, int64_t out) {
  return {i * out / in, ((i + 1) * out + in - 1) / in};
}

// A thread an output. Of the shape only n, h, w, c, p and q are read.
GPU_KERNEL(adaptive_avg_pool2d_f32, (const float* x, float* y, int64_t n, gpu::PoolShape s)) {
  GPU_FOR(i, n) {
    const gpu::Place at = gpu::PlaceOf(i, s.p, s.q, s.c);
    const gpu::Span rows = Window(at.h, s.h, s.p), columns = Window(at.w, s.w, s.q);
    double sum = 0.0;
    for (int64_t h = rows.begin; h < rows.end; ++h) {
      for (int64_t w = columns.begin; w < columns.end; ++w) {
        sum += static_cast<double>(x[((at.n * s.h + h) * s.w + w) * s.c + at.c]);
      }
    }
    gpu::Store(y + i, static_cast<float>(sum / static_cast<double>(rows.size() * columns.size())));
  }
}

// A thread a pixel of dx.
GPU_KERNEL(adaptive_avg_pool2d_grad_f32,
           (const float* dy, float* dx, int64_t n, gpu::PoolShape s)) {
  GPU_FOR(i, n) {
    const gpu::Place at = gpu::PlaceOf(i, s.h, s.w, s.c);
    const gpu::Span rows = Covering(at.h, s.h, s.p), columns = Covering(at.w, s.w, s.q);
    double sum = 0.0;
    for (int64_t p = rows.begin; p < rows.end; ++p) {
      for (int64_t q = columns.begin; q < columns.end; ++q) {
        const double pixels =
            static_cast<double>(Window(p, s.h, s.p).size() * Window(q, s.w, s.q).size());
        sum += static_cast<double>(dy[((at.n * s.p + p) * s.q + q) * s.c + at.c]) / pixels;
      }
    }
    gpu::Store(dx + i, static_cast<float>(sum));
  }
}

}  // namespace lockstep::ops::adaptive_avg_pool2d
