// SPDX-License-Identifier: Apache-2.0
// By rows of pixels; float sums over the taps of a window in their order, double where a window has
// more than 64 taps.
#include <algorithm>

#include "ops/core/for_isa.h"
#include "ops/core/parallel.h"
#include "ops/core/simd_kernel.h"
#include "ops/core/window.h"
#include "ops/nn/avg_pool2d/avg_pool2d.h"

namespace lockstep::ops::avg_pool2d {
namespace {

float Factor(const AvgPool2dAttrs& a, Range rows, Range columns) {
  const int64_t taps = a.count_include_pad ? a.kernel_h * a.kernel_w : rows.size() * columns.size();
  return static_cast<float>(1.0 / static_cast<double>(taps));
}

// kWidth channels from c on of one window.
template <int kWidth, typename Sum>
LOCKSTEP_INLINE inline void MeanOfTaps(const float* corner, Range rows, Range columns,
                                       int64_t row_stride, int64_t channels, int64_t c,
                                       float factor, float* y) {
  Sum sum[kWidth] = {};
  for (int64_t r = rows.begin; r < rows.end; ++r) {
    for (int64_t s = columns.begin; s < columns.end; ++s) {
      const float* const x = corner + r * row_stride + s * channels + c;
      for (int i = 0; i < kWidth; ++i) sum[i] += static_cast<Sum>(x[i]);
    }
  }
  for (int i = 0; i < kWidth; ++i) {
    y[c + i] = static_cast<float>(sum[i] * static_cast<Sum>(factor));
  }
}

template <typename Sum>
void ForwardBy(const AvgPool2dAttrs& a, const SimdArgs& args) {
  const Shape &x = args.in_shape(0), &out = args.out_shape(0);
  const int64_t channels = x[3], stride = x[2] * channels;
  const bool padded = a.padding_h > 0 || a.padding_w > 0;  // else every window is whole
  const Range all_columns{0, a.kernel_w};
  const float of_all = Factor(a, {0, a.kernel_h}, all_columns);
  ForRuns(args.threads, out[0] * out[1], RowGrain(out), [&](Range run) {
    RunForIsa(args.isa, [&]() LOCKSTEP_INLINE {
      for (int64_t row = run.begin; row < run.end; ++row) {
        const int64_t n = row / out[1], p = row % out[1];
        const Range rows = HeightOf(a).Inside(p, x[1]);
        const float* const image = args.in<float>(0) + n * x[1] * stride;
        for (int64_t q = 0; q < out[2]; ++q) {
          const Range columns = padded ? WidthOf(a).Inside(q, x[2]) : all_columns;
          const float factor = padded ? Factor(a, rows, columns) : of_all;
          const float* const corner = image + (p * a.stride_h - a.padding_h) * stride +
                                      (q * a.stride_w - a.padding_w) * channels;
          float* const y = args.out<float>(0) + (row * out[2] + q) * channels;
          int64_t c = 0;
          for (; c + 16 <= channels; c += 16) {
            MeanOfTaps<16, Sum>(corner, rows, columns, stride, channels, c, factor, y);
          }
          for (; c + 4 <= channels; c += 4) {
            MeanOfTaps<4, Sum>(corner, rows, columns, stride, channels, c, factor, y);
          }
          for (; c + 2 <= channels; c += 2) {
            MeanOfTaps<2, Sum>(corner, rows, columns, stride, channels, c, factor, y);
          }
          for (; c < channels; ++c) {
            MeanOfTaps<1, Sum>(corner, rows, columns, stride, channels, c, factor, y);
          }
        }
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
  for (int64_t q = 0; q < q_count; ++q) {
    for (int64_t s = 0; s < a.kernel_w; ++s) {
      float* const to = dx + (q * a.kernel_w + s) * channels;
      for (int64_t c = 0; c < channels; ++c) to[c] = dy[q * channels + c] * factor;
    }
  }
}

bool Tiles(const AvgPool2dGradAttrs& a, const Shape& out) {
  return a.padding_h == 0 && a.padding_w == 0 && a.stride_h == a.kernel_h &&
         a.stride_w == a.kernel_w && out[1] * a.kernel_h == a.in_h && out[2] * a.kernel_w == a.in_w;
}

void GradOfTiles(const AvgPool2dGradAttrs& a, const SimdArgs& args) {
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
      }
    });
  });
}

// (dy) -> dx.
void Grad(const AvgPool2dGradAttrs& a, const SimdArgs& args) {
  const Shape &out = args.in_shape(0), &x = args.out_shape(0);
  if (Tiles(a, out)) return GradOfTiles(a, args);
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
      }
    });
  });
}

}  // namespace

void RegisterSimd(OpRegistry& registry) {
  registry.AddKernel("avg_pool2d", SimdKernel<AvgPool2dAttrs>({.run = Forward}));
  registry.AddKernel("avg_pool2d_grad", SimdKernel<AvgPool2dGradAttrs>({.run = Grad}));
}

}  // namespace lockstep::ops::avg_pool2d
