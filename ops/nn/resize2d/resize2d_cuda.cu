// SPDX-License-Identifier: Apache-2.0
#include "ops/core/gpu_pool.h"

namespace lockstep::ops::resize2d {

// Output i of an axis reads input low[i] with the weight 1 - f[i], and high[i] with f[i]
// (resize2d_axis.h).
GPU_KERNEL(resize2d_axis_f32, (int64_t * low, int64_t* high, float* f, int64_t in, int64_t out,
                               double scale, int32_t nearest, int32_t align_corners)) {
  GPU_FOR(i, out) {
    const double at = static_cast<double>(i);
    const double source =
        align_corners != 0 ? at * scale : gpu::Larger(0.0, (at + 0.5) * scale - 0.5);
    const int64_t first =
        nearest != 0 ? i * in / out : gpu::Smaller(static_cast<int64_t>(source), in - 1);
    const double part = gpu::Smaller(1.0, source - static_cast<double>(first));
    gpu::Store(low + i, first);
    gpu::Store(high + i, nearest != 0 ? first : gpu::Smaller(first + 1, in - 1));
    gpu::Store(f + i, nearest != 0 ? 0.0f : static_cast<float>(part));
  }
}

// The first i of [0, n) with values[i] >= bound, else n; values increase.
GPU_DEVICE int64_t FirstNotBelow(const int64_t* values, int64_t n, int64_t bound) {
  int64_t begin = 0, end = n;
  while (begin < end) {
    const int64_t middle = begin + (end - begin) / 2;
    if (values[middle] < bound) {
      begin = middle + 1;
    } else {
      end = middle;
    }
  }
  return begin;
}

// Input h is read by outputs of [first[h], end[h]) only.
GPU_KERNEL(resize2d_readers, (const int64_t* low, const int64_t* high, int64_t* first, int64_t* end,
                              int64_t in, int64_t out)) {
  GPU_FOR(h, in) {
    const int64_t begin = FirstNotBelow(high, out, h);
    gpu::Store(first + h, begin);
    gpu::Store(end + h, gpu::Larger(begin, FirstNotBelow(low, out, h + 1)));
  }
}

// A thread an output.
GPU_KERNEL(resize2d_f32, (const float* x, float* y, int64_t n, gpu::PoolShape s,
                          const int64_t* low_h, const int64_t* high_h, const float* f_h,
                          const int64_t* low_w, const int64_t* high_w, const float* f_w)) {
  GPU_FOR(i, n) {
    const gpu::Place at = gpu::PlaceOf(i, s.p, s.q, s.c);
    const float* const above = x + (at.n * s.h + low_h[at.h]) * s.w * s.c;
    const float* const below = x + (at.n * s.h + high_h[at.h]) * s.w * s.c;
    const int64_t left = low_w[at.w] * s.c + at.c, right = high_w[at.w] * s.c + at.c;
    const float fh = f_h[at.h], fw = f_w[at.w];
    const float upper = (1 - fw) * above[left] + fw * above[right];
    const float lower = (1 - fw) * below[left] + fw * below[right];
    gpu::Store(y + i, (1 - fh) * upper + fh * lower);
  }
}

// How much of output i is input h.
GPU_DEVICE float WeightOf(const int64_t* low, const int64_t* high, const float* f, int64_t i,
                          int64_t h) {
  return (low[i] == h ? 1.0f - f[i] : 0.0f) + (high[i] == h ? f[i] : 0.0f);
}

// A thread a pixel of dx: dy times its weight, in increasing (p, q).
GPU_KERNEL(resize2d_grad_f32,
           (const float* dy, float* dx, int64_t n, gpu::PoolShape s, const int64_t* low_h,
            const int64_t* high_h, const float* f_h, const int64_t* low_w, const int64_t* high_w,
            const float* f_w, const int64_t* first_h, const int64_t* end_h, const int64_t* first_w,
            const int64_t* end_w)) {
  GPU_FOR(i, n) {
    const gpu::Place at = gpu::PlaceOf(i, s.h, s.w, s.c);
    float sum = 0.0f;
    for (int64_t p = first_h[at.h]; p < end_h[at.h]; ++p) {
      for (int64_t q = first_w[at.w]; q < end_w[at.w]; ++q) {
        const float weight =
            WeightOf(low_h, high_h, f_h, p, at.h) * WeightOf(low_w, high_w, f_w, q, at.w);
        sum += weight * dy[((at.n * s.p + p) * s.q + q) * s.c + at.c];
      }
    }
    gpu::Store(dx + i, sum);
  }
}

}  // namespace lockstep::ops::resize2d
