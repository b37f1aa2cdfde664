// SPDX-License-Identifier: Apache-2.0
#include "ops/nn/resize2d/resize2d_cpu.h"

#include <algorithm>

#include "ops/nn/resize2d/resize2d_axis.h"

namespace lockstep::ops::resize2d {

int64_t Workspace(const Resize2dAttrs& attrs, const NodeSpec& node) {
  Scratch scratch;
  Axes<double>(node.in[0].shape[1], node.in[0].shape[2], attrs, &scratch);
  return scratch.bytes();
}

int64_t WorkspaceGrad(const Resize2dGradAttrs& attrs, const NodeSpec&) {
  Scratch scratch;
  Axes<double>(attrs.in_h, attrs.in_w, attrs, &scratch);
  return scratch.bytes();
}

template <typename T>
void Reference(const Resize2dAttrs& attrs, const ReferenceArgs& args) {
  const Shape &in = args.in_shape(0), &out = args.out_shape(0);
  const int64_t channels = in[3];
  Scratch scratch(args.run.workspace);
  Axes<T> axes(in[1], in[2], attrs, &scratch);
  axes.Fill(attrs);
  T* y = args.out<T>(0);
  for (int64_t n = 0; n < out[0]; ++n) {
    const T* const image = args.in<T>(0) + n * in[1] * in[2] * channels;
    for (int64_t p = 0; p < out[1]; ++p) {
      const T* const above = image + axes.h.low[p] * in[2] * channels;
      const T* const below = image + axes.h.high[p] * in[2] * channels;
      const T fh = axes.h.f[p];
      for (int64_t q = 0; q < out[2]; ++q, y += channels) {
        const int64_t left = axes.w.low[q] * channels, right = axes.w.high[q] * channels;
        const T fw = axes.w.f[q];
        for (int64_t c = 0; c < channels; ++c) {
          const T upper = (1 - fw) * above[left + c] + fw * above[right + c];
          const T lower = (1 - fw) * below[left + c] + fw * below[right + c];
          y[c] = (1 - fh) * upper + fh * lower;
        }
      }
    }
  }
}

template <typename T>
void ReferenceGrad(const Resize2dGradAttrs& attrs, const ReferenceArgs& args) {
  const Shape &out = args.in_shape(0), &in = args.out_shape(0);
  const int64_t channels = in[3];
  Scratch scratch(args.run.workspace);
  Axes<T> axes(in[1], in[2], attrs, &scratch);
  axes.Fill(attrs);
  T* dx = args.out<T>(0);
  std::fill_n(dx, in.elements(), T(0));
  for (int64_t n = 0; n < in[0]; ++n) {
    const T* const image = args.in<T>(0) + n * out[1] * out[2] * channels;
    for (int64_t h = 0; h < in[1]; ++h) {
      for (int64_t w = 0; w < in[2]; ++w, dx += channels) {
        for (int64_t p = axes.h.first[h]; p < axes.h.end[h]; ++p) {
          for (int64_t q = axes.w.first[w]; q < axes.w.end[w]; ++q) {
            const T weight = axes.h.Weight(p, h) * axes.w.Weight(q, w);
            const T* const dy = image + (p * out[2] + q) * channels;
            for (int64_t c = 0; c < channels; ++c) dx[c] += weight * dy[c];
          }
        }
      }
    }
  }
}

template void Reference<float>(const Resize2dAttrs&, const ReferenceArgs&);
template void Reference<double>(const Resize2dAttrs&, const ReferenceArgs&);
template void ReferenceGrad<float>(const Resize2dGradAttrs&, const ReferenceArgs&);
template void ReferenceGrad<double>(const Resize2dGradAttrs&, const ReferenceArgs&);

}  // namespace lockstep::ops::resize2d
