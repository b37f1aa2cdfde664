// SPDX-License-Identifier: Apache-2.0
// Works by rows of pixels, with float sums over the taps of a window in their order, double where a
// window has more than 64 taps. Eight channels at a time: what a pixel's last eight write beyond
// its channels is the next pixel's, which is written after it; the last pixels of a row take fewer
// at a time.
#include <algorithm>
#include <cstring>

#include "base/device/for_isa.h"
#include "ops/core/parallel.h"
#include "ops/core/simd_kernel.h"
#include "ops/core/window.h"
#include "ops/nn/avg_pool2d/avg_pool2d.h"

namespace lockstep::ops::avg_pool2d {
namespace {

constexpr int kEight = 8;

float Factor(const AvgPool2dAttrs& a, Range rows, Range columns) {
  const int64_t taps = a.count_include_pad ? a.kernel_h * a.kernel_w : rows.size() * columns.size();
  return static_cast<float>(1.0 / static_cast<double>(taps));
}

// kWidth values of one vector; without it the sums of a window would go through memory.
template <typename T, int kWidth>
struct Vector {
  typedef T Type __attribute__((vector_size(kWidth * sizeof(T))));
};

template <int kWidth>
using Floats = typename Vector<float, kWidth>::Type;

// The taps of one window: the first lies at x.
struct Taps {
  int64_t rows, columns, row_stride, channels;
};

// The mean of kWidth channels from c on.
template <int kWidth, typename Sum>
LOCKSTEP_INLINE inline void Mean(const float* x, const Taps& taps, float factor, int64_t c,
                                 float* y) {
  using Sums = typename Vector<Sum, kWidth>::Type;
  Sums sum = {};
  for (int64_t r = 0; r < taps.rows; ++r) {
    for (int64_t s = 0; s < taps.columns; ++s) {
      Floats<kWidth> tap;
      std::memcpy(&tap, x + r * taps.row_stride + s * taps.channels + c, sizeof(tap));
      sum += __builtin_convertvector(tap, Sums);
    }
  }
  const auto mean = __builtin_convertvector(sum * static_cast<Sum>(factor), Floats<kWidth>);
  std::memcpy(y + c, &mean, sizeof(mean));
}

// `fill_up` takes eight channels at a time to the end.
template <typename Sum>
LOCKSTEP_INLINE inline void Means(const float* x, const Taps& taps, float factor, bool fill_up,
                                  float* y) {
  int64_t c = 0;
  for (; c + 16 <= taps.channels; c += 16) Mean<16, Sum>(x, taps, factor, c, y);
  for (; c + kEight <= taps.channels; c += kEight) Mean<kEight, Sum>(x, taps, factor, c, y);
  if (c == taps.channels) return;
  if (fill_up) return Mean<kEight, Sum>(x, taps, factor, c, y);
  for (; c < taps.channels; ++c) Mean<1, Sum>(x, taps, factor, c, y);
}

// How many of `pixels` side by side are followed by at least the channels that fill up eight.
int64_t FilledUp(int64_t pixels, int64_t channels) {
  const int64_t more = (kEight - channels % kEight) % kEight;
  return std::max<int64_t>(0, pixels - (more + channels - 1) / channels);
}

// How many of the windows of a row may take eight channels at a time to the end.
int64_t Eights(const AvgPool2dAttrs& a, const Shape& x, const Shape& out) {
  const int64_t of_x = FilledUp(x[2], x[3]);
  if (of_x < a.kernel_w) return 0;
  return std::min(FilledUp(out[2], x[3]), (of_x - a.kernel_w) / a.stride_w + 1);
}

// Rows [run.begin, run.end) of all rows of y, of windows that are whole.
template <typename Sum>
LOCKSTEP_INLINE inline void RowsOfWhole(const AvgPool2dAttrs& a, const Shape& shape_of_x,
                                        const Shape& shape_of_y, Range run, const float* x,
                                        float* y) {
  const int64_t channels = shape_of_x[3], row_stride = shape_of_x[2] * channels;
  const int64_t image = shape_of_x[1] * row_stride, step = a.stride_w * channels;
  const int64_t p_count = shape_of_y[1], q_count = shape_of_y[2];
  const Taps taps = {a.kernel_h, a.kernel_w, row_stride, channels};
  const float factor = Factor(a, {0, a.kernel_h}, {0, a.kernel_w});
  const int64_t eights = Eights(a, shape_of_x, shape_of_y);
  for (int64_t row = run.begin; row < run.end; ++row) {
    const float* const of_x = x + row / p_count * image + row % p_count * a.stride_h * row_stride;
    float* const of_y = y + row * q_count * channels;
    for (int64_t q = 0; q < q_count; ++q) {
      Means<Sum>(of_x + q * step, taps, factor, q < eights, of_y + q * channels);
    }
  }
}

// Computes rows as RowsOfWhole does, where windows hang over the edges.
template <typename Sum>
LOCKSTEP_INLINE inline void RowsOfPadded(const AvgPool2dAttrs& a, const Shape& shape_of_x,
                                         const Shape& shape_of_y, Range run, const float* x,
                                         float* y) {
  const int64_t channels = shape_of_x[3], row_stride = shape_of_x[2] * channels;
  for (int64_t row = run.begin; row < run.end; ++row) {
    const int64_t n = row / shape_of_y[1], p = row % shape_of_y[1];
    const Range rows = HeightOf(a).Inside(p, shape_of_x[1]);
    for (int64_t q = 0; q < shape_of_y[2]; ++q) {
      const Range columns = WidthOf(a).Inside(q, shape_of_x[2]);
      const float* const corner = x + n * shape_of_x[1] * row_stride +
                                  (p * a.stride_h - a.padding_h + rows.begin) * row_stride +
                                  (q * a.stride_w - a.padding_w + columns.begin) * channels;
      const Taps taps = {rows.size(), columns.size(), row_stride, channels};
      Means<Sum>(corner, taps, Factor(a, rows, columns), /*fill_up=*/false,
                 y + (row * shape_of_y[2] + q) * channels);
    }
  }
}

template <typename Sum>
void ForwardBy(const AvgPool2dAttrs& a, const SimdArgs& args) {
  const Shape &x = args.in_shape(0), &y = args.out_shape(0);
  const bool padded = a.padding_h > 0 || a.padding_w > 0;
  ForRuns(args.threads, y[0] * y[1], RowGrain(y), [&](Range run) {
    RunForIsa(args.isa, [&]() LOCKSTEP_INLINE {
      if (padded) {
        RowsOfPadded<Sum>(a, x, y, run, args.in<float>(0), args.out<float>(0));
      } else {
        RowsOfWhole<Sum>(a, x, y, run, args.in<float>(0), args.out<float>(0));
      }
    });
  });
}

// (x) -> y.
void Forward(const AvgPool2dAttrs& a, const SimdArgs& args) {
  if (a.kernel_h * a.kernel_w <= 64) return ForwardBy<float>(a, args);
  return ForwardBy<double>(a, args);
}

// Windows that lie side by side and cover the whole image: a row of dx is dy times the factor, each
// pixel kernel_w times over.
LOCKSTEP_INLINE inline void SpreadRow(const AvgPool2dGradAttrs& a, const float* dy, int64_t q_count,
                                      int64_t channels, float factor, float* __restrict dx) {
  // With as many pixels behind it in dy, a window has them in dx too.
  const int64_t eights = FilledUp(q_count, channels);
  for (int64_t q = 0; q < q_count; ++q) {
    for (int64_t s = 0; s < a.kernel_w; ++s) {
      const float* const from = dy + q * channels;
      float* const to = dx + (q * a.kernel_w + s) * channels;
      int64_t c = 0;
      for (; c + kEight <= channels || (c < channels && q < eights); c += kEight) {
        for (int i = 0; i < kEight; ++i) to[c + i] = from[c + i] * factor;
      }
      for (; c < channels; ++c) to[c] = from[c] * factor;
    }
  }
}

bool Tiles(const AvgPool2dGradAttrs& a, const Shape& out) {
  return a.padding_h == 0 && a.padding_w == 0 && a.stride_h == a.kernel_h &&
         a.stride_w == a.kernel_w && out[1] * a.kernel_h == a.in_h && out[2] * a.kernel_w == a.in_w;
}

// dx *= 1 - t^2, of `count` elements; nothing without a t.
LOCKSTEP_INLINE inline void TimesTanhGrad(const float* t, int64_t count, float* dx) {
  if (t == nullptr) return;
  LOCKSTEP_INDEPENDENT
  for (int64_t i = 0; i < count; ++i) dx[i] = dx[i] * (1.0f - t[i] * t[i]);
}

// `t`: null, or the output of the tanh before the pool.
void GradOfTiles(const AvgPool2dGradAttrs& a, const SimdArgs& args, const float* t) {
  const Shape &out = args.in_shape(0), &x = args.out_shape(0);
  const int64_t channels = x[3], row_size = x[2] * channels;
  const float factor = static_cast<float>(1.0 / static_cast<double>(a.kernel_h * a.kernel_w));
  ForRuns(args.threads, out[0] * out[1], RowGrain(out), [&](Range run) {
    RunForIsa(args.isa, [&]() LOCKSTEP_INLINE {
      for (int64_t row = run.begin; row < run.end; ++row) {
        const float* const dy = args.in<float>(0) + row * out[2] * channels;
        float* const dx = args.out<float>(0) + row * a.kernel_h * row_size;
        SpreadRow(a, dy, out[2], channels, factor, dx);
        for (int64_t r = 1; r < a.kernel_h; ++r) std::copy_n(dx, row_size, dx + r * row_size);
        const int64_t at = row * a.kernel_h * row_size;
        TimesTanhGrad(t == nullptr ? t : t + at, a.kernel_h * row_size, dx);
      }
    });
  });
}

void GradBy(const AvgPool2dGradAttrs& a, const SimdArgs& args, const float* t) {
  const Shape &out = args.in_shape(0), &x = args.out_shape(0);
  if (Tiles(a, out)) return GradOfTiles(a, args, t);
  const int64_t channels = x[3];
  ForRuns(args.threads, x[0] * x[1], RowGrain(x), [&](Range run) {
    RunForIsa(args.isa, [&]() LOCKSTEP_INLINE {
      for (int64_t row = run.begin; row < run.end; ++row) {
        const int64_t n = row / x[1], h = row % x[1];
        const Range rows = HeightOf(a).Covering(h, out[1]);
        for (int64_t w = 0; w < x[2]; ++w) {
          float* const dx = args.out<float>(0) + (row * x[2] + w) * channels;
          for (int64_t c = 0; c < channels; ++c) dx[c] = 0.0f;
          const Range columns = WidthOf(a).Covering(w, out[2]);
          for (int64_t p = rows.begin; p < rows.end; ++p) {
            for (int64_t q = columns.begin; q < columns.end; ++q) {
              const float factor =
                  Factor(a, HeightOf(a).Inside(p, x[1]), WidthOf(a).Inside(q, x[2]));
              const float* const dy =
                  args.in<float>(0) + ((n * out[1] + p) * out[2] + q) * channels;
              LOCKSTEP_INDEPENDENT
              for (int64_t c = 0; c < channels; ++c) dx[c] += dy[c] * factor;
            }
          }
        }
        const int64_t at = row * x[2] * channels;
        TimesTanhGrad(t == nullptr ? t : t + at, x[2] * channels, args.out<float>(0) + at);
      }
    });
  });
}

// (dy) -> dx.
void Grad(const AvgPool2dGradAttrs& a, const SimdArgs& args) { GradBy(a, args, nullptr); }
// (dy, t) -> dx.
void TanhGrad(const AvgPool2dGradAttrs& a, const SimdArgs& args) {
  GradBy(a, args, args.in<float>(1));
}

}  // namespace

void RegisterSimd(OpRegistry& registry) {
  registry.AddKernel("avg_pool2d", SimdKernel<AvgPool2dAttrs>({.run = Forward}));
  registry.AddKernel("avg_pool2d_grad", SimdKernel<AvgPool2dGradAttrs>({.run = Grad}));
  registry.AddKernel("avg_pool2d_tanh_grad", SimdKernel<AvgPool2dGradAttrs>({.run = TanhGrad}));
}

}  // namespace lockstep::ops::avg_pool2d
