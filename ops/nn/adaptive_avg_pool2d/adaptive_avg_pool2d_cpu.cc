// SPDX-License-Identifier: Apache-2.0
#include "ops/nn/adaptive_avg_pool2d/adaptive_avg_pool2d_cpu.h"

#include <algorithm>

namespace lockstep::ops::adaptive_avg_pool2d {

namespace {

int64_t ChannelBytes(const Shape& shape) { return shape[3] * static_cast<int64_t>(sizeof(double)); }

// The output positions, of `out`, whose windows cover input position i of `in`: the first is the
// first whose end lies beyond i, the last the last that begins at or before it.
Range Covering(int64_t i, int64_t in, int64_t out) {
  return {i * out / in, ((i + 1) * out + in - 1) / in};
}

}  // namespace

int64_t Workspace(const AdaptiveAvgPool2dAttrs&, const NodeSpec& node) {
  return ChannelBytes(node.out[0].shape);
}

int64_t WorkspaceGrad(const AdaptiveAvgPool2dGradAttrs&, const NodeSpec& node) {
  return ChannelBytes(node.out[0].shape);
}

template <typename T>
void Reference(const AdaptiveAvgPool2dAttrs&, const ReferenceArgs& args) {
  const Shape& x = args.in_shape(0);
  const Shape& out = args.out_shape(0);
  const int64_t channels = x[3];
  double* sums = static_cast<double*>(args.run.workspace);
  T* y = args.out<T>(0);
  for (int64_t n = 0; n < out[0]; ++n) {
    for (int64_t p = 0; p < out[1]; ++p) {
      const Range rows = AdaptiveWindow(p, x[1], out[1]);
      for (int64_t q = 0; q < out[2]; ++q, y += channels) {
        const Range columns = AdaptiveWindow(q, x[2], out[2]);
        std::fill_n(sums, channels, 0.0);
        for (int64_t h = rows.begin; h < rows.end; ++h) {
          for (int64_t w = columns.begin; w < columns.end; ++w) {
            const T* pixel = args.in<T>(0) + ((n * x[1] + h) * x[2] + w) * channels;
            for (int64_t c = 0; c < channels; ++c) sums[c] += static_cast<double>(pixel[c]);
          }
        }
        const double pixels = static_cast<double>(rows.size() * columns.size());
        for (int64_t c = 0; c < channels; ++c) y[c] = static_cast<T>(sums[c] / pixels);
      }
    }
  }
}

template <typename T>
void ReferenceGrad(const AdaptiveAvgPool2dGradAttrs&, const ReferenceArgs& args) {
  const Shape& out = args.in_shape(0);
  const Shape& x = args.out_shape(0);
  const int64_t channels = x[3];
  double* sums = static_cast<double*>(args.run.workspace);
  T* dx = args.out<T>(0);
  for (int64_t n = 0; n < x[0]; ++n) {
    for (int64_t h = 0; h < x[1]; ++h) {
      const Range rows = Covering(h, x[1], out[1]);
      for (int64_t w = 0; w < x[2]; ++w, dx += channels) {
        const Range columns = Covering(w, x[2], out[2]);
        std::fill_n(sums, channels, 0.0);
        for (int64_t p = rows.begin; p < rows.end; ++p) {
          for (int64_t q = columns.begin; q < columns.end; ++q) {
            const double pixels = static_cast<double>(AdaptiveWindow(p, x[1], out[1]).size() *
                                                      AdaptiveWindow(q, x[2], out[2]).size());
            const T* dy = args.in<T>(0) + ((n * out[1] + p) * out[2] + q) * channels;
            for (int64_t c = 0; c < channels; ++c) sums[c] += static_cast<double>(dy[c]) / pixels;
          }
        }
        for (int64_t c = 0; c < channels; ++c) dx[c] = static_cast<T>(sums[c]);
      }
    }
  }
}

template void Reference<float>(const AdaptiveAvgPool2dAttrs&, const ReferenceArgs&);
template void Reference<double>(const AdaptiveAvgPool2dAttrs&, const ReferenceArgs&);
template void ReferenceGrad<float>(const AdaptiveAvgPool2dGradAttrs&, const ReferenceArgs&);
template void ReferenceGrad<double>(const AdaptiveAvgPool2dGradAttrs&, const ReferenceArgs&);

}  // namespace lockstep::ops::adaptive_avg_pool2d
