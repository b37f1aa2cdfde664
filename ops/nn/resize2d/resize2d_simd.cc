// SPDX-License-Identifier: Apache-2.0
// One axis after the other, by rows of pixels: forward blends two rows of x, then the columns of
// that row; the gradient first adds up the rows of dy that read a row of x, then their columns.
// There are at most 32 runs of rows, since each has a row of pixels as scratch.
#include <algorithm>

#include "base/device/for_isa.h"
#include "ops/core/parallel.h"
#include "ops/core/simd_kernel.h"
#include "ops/nn/resize2d/resize2d_axis.h"

namespace lockstep::ops::resize2d {
namespace {

// `rows` rows of the result, each made of a row of `row` floats.
struct Layout {
  Axes<float> axes;
  int64_t rows, row, grain;
  float* blended;  // (runs, row)

  Layout(const Resize2dAttrs& attrs, int64_t in_h, int64_t in_w, int64_t result_rows,
         int64_t row_size, Scratch* s)
      : axes(in_h, in_w, attrs, s),
        rows(result_rows),
        row(row_size),
        grain(std::max<int64_t>(1, (rows + 31) / 32)),
        blended(s->Take<float>((rows + grain - 1) / grain * row)) {}
};

Layout ForwardLayout(const Resize2dAttrs& a, const Shape& x, Scratch* s) {
  return {a, x[1], x[2], x[0] * a.out_h, x[2] * x[3], s};
}

Layout GradLayout(const Resize2dGradAttrs& a, const Shape& dy, Scratch* s) {
  return {a, a.in_h, a.in_w, dy[0] * a.in_h, dy[2] * dy[3], s};
}

int64_t Workspace(const Resize2dAttrs& attrs, const NodeSpec& node) {
  Scratch scratch;
  ForwardLayout(attrs, node.in[0].shape, &scratch);
  return scratch.bytes();
}

int64_t WorkspaceGrad(const Resize2dGradAttrs& attrs, const NodeSpec& node) {
  Scratch scratch;
  GradLayout(attrs, node.in[0].shape, &scratch);
  return scratch.bytes();
}

// z = (1 - f) a + f b.
LOCKSTEP_INLINE inline void Blend(const float* a, const float* b, float f, int64_t n, float* z) {
  const float rest = 1.0f - f;
  LOCKSTEP_INDEPENDENT
  for (int64_t i = 0; i < n; ++i) z[i] = rest * a[i] + f * b[i];
}

// z += weight a, or z = weight a where it is the first.
LOCKSTEP_INLINE inline void AddScaled(const float* a, float weight, bool first, int64_t n,
                                      float* z) {
  if (first) {
    LOCKSTEP_INDEPENDENT
    for (int64_t i = 0; i < n; ++i) z[i] = weight * a[i];
  } else {
    LOCKSTEP_INDEPENDENT
    for (int64_t i = 0; i < n; ++i) z[i] += weight * a[i];
  }
}

void Forward(const Resize2dAttrs& attrs, const SimdArgs& args) {
  const Shape& in = args.in_shape(0);
  const int64_t channels = in[3];
  Scratch scratch(args.run.workspace);
  Layout l = ForwardLayout(attrs, in, &scratch);
  l.axes.Fill(attrs);
  const Axis<float>&h = l.axes.h, &w = l.axes.w;
  ForRuns(args.threads, l.rows, l.grain, [&](Range run) {
    RunForIsa(args.isa, [&]() LOCKSTEP_INLINE {
      float* const blended = l.blended + run.begin / l.grain * l.row;
      for (int64_t row = run.begin; row < run.end; ++row) {
        const float* const image = args.in<float>(0) + row / h.out * h.in * l.row;
        const int64_t p = row % h.out;
        Blend(image + h.low[p] * l.row, image + h.high[p] * l.row, h.f[p], l.row, blended);
        float* y = args.out<float>(0) + row * w.out * channels;
        for (int64_t q = 0; q < w.out; ++q, y += channels) {
          Blend(blended + w.low[q] * channels, blended + w.high[q] * channels, w.f[q], channels, y);
        }
      }
    });
  });
}

void Grad(const Resize2dGradAttrs& attrs, const SimdArgs& args) {
  const Shape& out = args.in_shape(0);
  const int64_t channels = out[3];
  Scratch scratch(args.run.workspace);
  Layout l = GradLayout(attrs, out, &scratch);
  l.axes.Fill(attrs);
  const Axis<float>&h = l.axes.h, &w = l.axes.w;
  ForRuns(args.threads, l.rows, l.grain, [&](Range run) {
    RunForIsa(args.isa, [&]() LOCKSTEP_INLINE {
      float* const added = l.blended + run.begin / l.grain * l.row;
      for (int64_t row = run.begin; row < run.end; ++row) {
        const float* const image = args.in<float>(0) + row / h.in * h.out * l.row;
        const int64_t pixel = row % h.in;
        if (h.first[pixel] == h.end[pixel]) std::fill_n(added, l.row, 0.0f);
        for (int64_t p = h.first[pixel]; p < h.end[pixel]; ++p) {
          AddScaled(image + p * l.row, h.Weight(p, pixel), p == h.first[pixel], l.row, added);
        }
        float* dx = args.out<float>(0) + row * w.in * channels;
        for (int64_t x = 0; x < w.in; ++x, dx += channels) {
          if (w.first[x] == w.end[x]) std::fill_n(dx, channels, 0.0f);
          for (int64_t q = w.first[x]; q < w.end[x]; ++q) {
            AddScaled(added + q * channels, w.Weight(q, x), q == w.first[x], channels, dx);
          }
        }
      }
    });
  });
}

}  // namespace

void RegisterSimd(OpRegistry& registry) {
  registry.AddKernel("resize2d",
                     SimdKernel<Resize2dAttrs>({.run = Forward, .workspace = Workspace}));
  registry.AddKernel("resize2d_grad",
                     SimdKernel<Resize2dGradAttrs>({.run = Grad, .workspace = WorkspaceGrad}));
}

}  // namespace lockstep::ops::resize2d
