// SPDX-License-Identifier: Apache-2.0
// By rows of pixels, several channels of one window at a time in registers.
#include <algorithm>

#include "ops/core/for_isa.h"
#include "ops/core/parallel.h"
#include "ops/core/simd_kernel.h"
#include "ops/core/window.h"
#include "ops/nn/max_pool2d/max_pool2d.h"

namespace lockstep::ops::max_pool2d {
namespace {

Window Height(const MaxPool2dAttrs& a) { return {a.kernel_h, a.stride_h, a.padding_h}; }
Window Width(const MaxPool2dAttrs& a) { return {a.kernel_w, a.stride_w, a.padding_w}; }

// Rows of pixels (n, p) dealt at a time: about 8 Ki elements.
int64_t Grain(const Shape& shape) {
  return std::max<int64_t>(1, 8192 / std::max<int64_t>(1, shape[2] * shape[3]));
}

// One window: rows and columns of it inside the image, and where it begins.
struct Taps {
  Range rows, columns;
  int64_t kernel_w, row_stride, channels;
  const float* corner;  // of tap (0, 0), which may lie outside the image
};

// kWidth channels from c on: the first maximum of the taps in order; a NaN beats everything, the
// last of several wins.
template <int kWidth>
LOCKSTEP_INLINE inline void MaxOfTaps(const Taps& t, int64_t c, float* y, int32_t* index) {
  float best[kWidth] = {};
  int32_t place[kWidth] = {};
  bool first = true;
  for (int64_t r = t.rows.begin; r < t.rows.end; ++r) {
    for (int64_t s = t.columns.begin; s < t.columns.end; ++s) {
      const float* const x = t.corner + r * t.row_stride + s * t.channels + c;
      const int32_t here = static_cast<int32_t>(r * t.kernel_w + s);
      for (int i = 0; i < kWidth; ++i) {
        const float v = x[i];
        const bool wins = first | (v > best[i]) | (v != v);
        best[i] = wins ? v : best[i];
        place[i] = wins ? here : place[i];
      }
      first = false;
    }
  }
  for (int i = 0; i < kWidth; ++i) y[c + i] = best[i];
  for (int i = 0; i < kWidth; ++i) index[c + i] = place[i];
}

// (x) -> y, index.
void Forward(const MaxPool2dAttrs& a, const SimdArgs& args) {
  const Shape &x = args.in_shape(0), &out = args.out_shape(0);
  const int64_t channels = x[3];
  ForRuns(args.threads, out[0] * out[1], Grain(out), [&](Range run) {
    RunForIsa(args.isa, [&]() LOCKSTEP_INLINE {
      for (int64_t row = run.begin; row < run.end; ++row) {
        const int64_t n = row / out[1], p = row % out[1];
        Taps t = {Height(a).Inside(p, x[1]), {}, a.kernel_w, x[2] * channels, channels, nullptr};
        const float* const image = args.in<float>(0) + n * x[1] * x[2] * channels;
        for (int64_t q = 0; q < out[2]; ++q) {
          t.columns = Width(a).Inside(q, x[2]);
          t.corner =
              image +
              ((p * a.stride_h - a.padding_h) * x[2] + q * a.stride_w - a.padding_w) * channels;
          float* const y = args.out<float>(0) + (row * out[2] + q) * channels;
          int32_t* const index = args.out<int32_t>(1) + (row * out[2] + q) * channels;
          int64_t c = 0;
          for (; c + 16 <= channels; c += 16) MaxOfTaps<16>(t, c, y, index);
          for (; c + 2 <= channels; c += 2) MaxOfTaps<2>(t, c, y, index);
          for (; c < channels; ++c) MaxOfTaps<1>(t, c, y, index);
        }
      }
    });
  });
}

// (index, dy) -> dx.
void Grad(const MaxPool2dGradAttrs& a, const SimdArgs& args) {
  const Shape &out = args.in_shape(1), &x = args.out_shape(0);
  const int64_t channels = x[3];
  ForRuns(args.threads, x[0] * x[1], Grain(x), [&](Range run) {
    RunForIsa(args.isa, [&]() LOCKSTEP_INLINE {
      for (int64_t row = run.begin; row < run.end; ++row) {
        const int64_t n = row / x[1], h = row % x[1];
        const Range rows = Height(a).Covering(h, out[1]);
        for (int64_t w = 0; w < x[2]; ++w) {
          float* const dx = args.out<float>(0) + (row * x[2] + w) * channels;
          for (int64_t c = 0; c < channels; ++c) dx[c] = 0.0f;
          const Range columns = Width(a).Covering(w, out[2]);
          for (int64_t p = rows.begin; p < rows.end; ++p) {
            for (int64_t q = columns.begin; q < columns.end; ++q) {
              const int32_t place =
                  static_cast<int32_t>((h + a.padding_h - p * a.stride_h) * a.kernel_w + w +
                                       a.padding_w - q * a.stride_w);
              const int64_t at = ((n * out[1] + p) * out[2] + q) * channels;
              const int32_t* const index = args.in<int32_t>(0) + at;
              const float* const dy = args.in<float>(1) + at;
#pragma GCC ivdep
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
