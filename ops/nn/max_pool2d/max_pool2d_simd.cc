// SPDX-License-Identifier: Apache-2.0
// Works by rows of pixels, with all channels of a tap at a time.
#include <algorithm>

#include "base/device/for_isa.h"
#include "ops/core/parallel.h"
#include "ops/core/simd_kernel.h"
#include "ops/core/window.h"
#include "ops/nn/max_pool2d/max_pool2d.h"

namespace lockstep::ops::max_pool2d {
namespace {

// y and index (C) of one tap of a window, or their maximum with what earlier taps left there: the
// first maximum wins; a NaN beats everything, the last of several wins.
template <bool kFirst>
LOCKSTEP_INLINE inline void TakeTap(const float* x, int32_t place, int64_t channels,
                                    float* __restrict y, int32_t* __restrict index) {
  for (int64_t c = 0; c < channels; ++c) {
    const float v = x[c];
    const bool wins = kFirst | (v > y[c]) | (v != v);
    y[c] = wins ? v : y[c];
    index[c] = wins ? place : index[c];
  }
}

// (x) -> y, index.
void Forward(const MaxPool2dAttrs& a, const SimdArgs& args) {
  const Shape &x = args.in_shape(0), &out = args.out_shape(0);
  const int64_t channels = x[3];
  ForRuns(args.threads, out[0] * out[1], RowGrain(out), [&](Range run) {
    RunForIsa(args.isa, [&]() LOCKSTEP_INLINE {
      for (int64_t row = run.begin; row < run.end; ++row) {
        const int64_t n = row / out[1], p = row % out[1];
        const Range rows = HeightOf(a).Inside(p, x[1]);
        const float* const image = args.in<float>(0) + n * x[1] * x[2] * channels;
        for (int64_t q = 0; q < out[2]; ++q) {
          const Range columns = WidthOf(a).Inside(q, x[2]);
          float* const y = args.out<float>(0) + (row * out[2] + q) * channels;
          int32_t* const index = args.out<int32_t>(1) + (row * out[2] + q) * channels;
          for (int64_t r = rows.begin; r < rows.end; ++r) {
            for (int64_t s = columns.begin; s < columns.end; ++s) {
              const int64_t h = p * a.stride_h - a.padding_h + r;
              const int64_t w = q * a.stride_w - a.padding_w + s;
              const float* const tap = image + (h * x[2] + w) * channels;
              const int32_t place = static_cast<int32_t>(r * a.kernel_w + s);
              if (r == rows.begin && s == columns.begin) {
                TakeTap<true>(tap, place, channels, y, index);
              } else {
                TakeTap<false>(tap, place, channels, y, index);
              }
            }
          }
        }
      }
    });
  });
}

// (index, dy) -> dx.
void Grad(const MaxPool2dGradAttrs& a, const SimdArgs& args) {
  const Shape &out = args.in_shape(1), &x = args.out_shape(0);
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
              const int32_t place =
                  static_cast<int32_t>((h + a.padding_h - p * a.stride_h) * a.kernel_w + w +
                                       a.padding_w - q * a.stride_w);
              const int64_t at = ((n * out[1] + p) * out[2] + q) * channels;
              const int32_t* const index = args.in<int32_t>(0) + at;
              const float* const dy = args.in<float>(1) + at;
              LOCKSTEP_INDEPENDENT
              for (int64_t c = 0; c < channels; ++c) {
                const float d = dy[c];
                dx[c] += index[c] == place ? d : 0.0f;
              }
            }
          }
        }
      }
    });
  });
}

}  // namespace

void RegisterSimd(OpRegistry& registry) {
  registry.AddKernel("max_pool2d", SimdKernel<MaxPool2dAttrs>({.run = Forward}));
  registry.AddKernel("max_pool2d_grad", SimdKernel<MaxPool2dGradAttrs>({.run = Grad}));
}

}  // namespace lockstep::ops::max_pool2d
