// SPDX-License-Identifier: Apache-2.0
// All sizes of one convolution, worked out and checked once from the shapes of x and w.
#pragma once

#include <span>
#include <vector>

#include "base/shape.h"
#include "base/status.h"
#include "ops/core/kernel.h"
#include "ops/core/window.h"
#include "ops/nn/conv2d/conv2d.h"

namespace lockstep::ops::conv2d {

struct Geometry {
  int64_t n = 0, h = 0, w = 0, c = 0;  // x (N, H, W, C)
  int64_t k = 0, r = 0, s = 0;         // w (K, R, S, C/groups)
  int64_t p = 0, q = 0;                // y (N, P, Q, K)
  int64_t groups = 1;
  Window window_h, window_w;

  int64_t group_c() const { return c / groups; }
  int64_t group_k() const { return k / groups; }
  int64_t taps() const { return r * s * group_c(); }  // products a sum of y has
  int64_t padded_h() const { return h + 2 * window_h.padding; }
  int64_t padded_w() const { return w + 2 * window_w.padding; }
  int64_t macs() const { return n * p * q * k * taps(); }
  Shape x() const { return {n, h, w, c}; }
  Shape weight() const { return {k, r, s, group_c()}; }
  Shape y() const { return {n, p, q, k}; }
};

// Whether each pixel of y is made of the same pixel of x alone, and of all its channels.
bool IsPointwise(const Geometry& g);

// The shape rules of conv2d (x, w) -> y, conv2d_data_grad (dy, w) -> dx and conv2d_weight_grad (x,
// dy) -> dw, which their fused forms extend.
Result<std::vector<TensorType>> InferForward(const Conv2dAttrs& attrs,
                                             std::span<const TensorType> in);
Result<std::vector<TensorType>> InferDataGrad(const Conv2dDataGradAttrs& attrs,
                                              std::span<const TensorType> in);
Result<std::vector<TensorType>> InferWeightGrad(const Conv2dWeightGradAttrs& attrs,
                                                std::span<const TensorType> in);

// Geometry of the convolution of an x by a w, or what is impossible about it, with the numbers.
Result<Geometry> MakeGeometry(const Conv2dAttrs& attrs, const Shape& x, const Shape& w);

// The geometry of a node of these ops and of their fused forms, whose types have been checked. A is
// the type of the attributes of a forward op.
template <typename A = Conv2dAttrs>
Geometry ForwardGeometry(const NodeSpec& node) {
  return *MakeGeometry(*Unpack<A>(node.attrs), node.in[0].shape, node.in[1].shape);
}
Geometry DataGradGeometry(const NodeSpec& node);
Geometry WeightGradGeometry(const NodeSpec& node);

// x_row[p * Q + q]: the element of a padded image (padded_h, padded_w, C) at the corner of output
// pixel (p, q)'s window.
void FillPixelOffsets(const Geometry& g, int64_t* x_row);
// x_depth[(r * S + s) * C/groups + c]: the element of that tap, counted from the corner.
void FillTapOffsets(const Geometry& g, int64_t* x_depth);

// Copies one image (H, W, C) into the middle of a padded one, with zeros around it.
template <typename T, typename Source>
void PadImage(const Geometry& g, const Source* image, T* padded) {
  const int64_t top = g.window_h.padding, left = g.window_w.padding * g.c;
  const int64_t row = g.w * g.c;
  for (int64_t y = 0; y < g.padded_h(); ++y) {
    const bool inside = y >= top && y < top + g.h;
    for (int64_t i = 0; i < left; ++i) *padded++ = T(0);
    for (int64_t i = 0; i < row; ++i) *padded++ = inside ? static_cast<T>(*image++) : T(0);
    for (int64_t i = 0; i < left; ++i) *padded++ = T(0);
  }
}

}  // namespace lockstep::ops::conv2d
