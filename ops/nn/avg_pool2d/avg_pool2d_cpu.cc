// SPDX-License-Identifier: Apache-2.0
#include "ops/nn/avg_pool2d/avg_pool2d_cpu.h"

#include <algorithm>

#include "ops/core/window.h"

namespace lockstep::ops::avg_pool2d {

namespace {

// What the sum of window (p, q) over an image (N, H, W, C) is divided by.
double Divisor(const AvgPool2dAttrs& a, const Shape& x, int64_t p, int64_t q) {
  if (a.count_include_pad) return static_cast<double>(a.kernel_h * a.kernel_w);
  return static_cast<double>(HeightOf(a).Inside(p, x[1]).size() *
                             WidthOf(a).Inside(q, x[2]).size());
}

int64_t ChannelBytes(const Shape& shape) { return shape[3] * static_cast<int64_t>(sizeof(double)); }

}  // namespace

int64_t Workspace(const AvgPool2dAttrs&, const NodeSpec& node) {
  return ChannelBytes(node.out[0].shape);
}

int64_t WorkspaceGrad(const AvgPool2dGradAttrs&, const NodeSpec& node) {
  return ChannelBytes(node.out[0].shape);
}

template <typename T>
void Reference(const AvgPool2dAttrs& attrs, const ReferenceArgs& args) {
  const Shape& x = args.in_shape(0);
  const Shape& out = args.out_shape(0);
  const int64_t channels = x[3];
  double* sums = static_cast<double*>(args.run.workspace);
  T* y = args.out<T>(0);
  for (int64_t n = 0; n < out[0]; ++n) {
    for (int64_t p = 0; p < out[1]; ++p) {
      const Range rows = HeightOf(attrs).Inside(p, x[1]);
      for (int64_t q = 0; q < out[2]; ++q, y += channels) {
        const Range columns = WidthOf(attrs).Inside(q, x[2]);
        std::fill_n(sums, channels, 0.0);
        for (int64_t r = rows.begin; r < rows.end; ++r) {
          for (int64_t s = columns.begin; s < columns.end; ++s) {
            const int64_t h = p * attrs.stride_h - attrs.padding_h + r;
            const int64_t w = q * attrs.stride_w - attrs.padding_w + s;
            const T* pixel = args.in<T>(0) + ((n * x[1] + h) * x[2] + w) * channels;
            for (int64_t c = 0; c < channels; ++c) sums[c] += static_cast<double>(pixel[c]);
          }
        }
        const double divisor = Divisor(attrs, x, p, q);
        for (int64_t c = 0; c < channels; ++c) y[c] = static_cast<T>(sums[c] / divisor);
      }
    }
  }
}

template <typename T>
void ReferenceGrad(const AvgPool2dGradAttrs& attrs, const ReferenceArgs& args) {
  const Shape& out = args.in_shape(0);
  const Shape& x = args.out_shape(0);
  const int64_t channels = x[3];
  double* sums = static_cast<double*>(args.run.workspace);
  T* dx = args.out<T>(0);
  for (int64_t n = 0; n < x[0]; ++n) {
    for (int64_t h = 0; h < x[1]; ++h) {
      const Range rows = HeightOf(attrs).Covering(h, out[1]);
      for (int64_t w = 0; w < x[2]; ++w, dx += channels) {
        const Range columns = WidthOf(attrs).Covering(w, out[2]);
        std::fill_n(sums, channels, 0.0);
        for (int64_t p = rows.begin; p < rows.end; ++p) {
          for (int64_t q = columns.begin; q < columns.end; ++q) {
            const double divisor = Divisor(attrs, x, p, q);
            const T* dy = args.in<T>(0) + ((n * out[1] + p) * out[2] + q) * channels;
            for (int64_t c = 0; c < channels; ++c) sums[c] += static_cast<double>(dy[c]) / divisor;
          }
        }
        for (int64_t c = 0; c < channels; ++c) dx[c] = static_cast<T>(sums[c]);
      }
    }
  }
}

template void Reference<float>(const AvgPool2dAttrs&, const ReferenceArgs&);
template void Reference<double>(const AvgPool2dAttrs&, const ReferenceArgs&);
template void ReferenceGrad<float>(const AvgPool2dGradAttrs&, const ReferenceArgs&);
template void ReferenceGrad<double>(const AvgPool2dGradAttrs&, const ReferenceArgs&);

}  // namespace lockstep::ops::avg_pool2d
