// SPDX-License-Identifier: Apache-2.0
// Resampling of images: x (N, H, W, C) -> y (N, out_h, out_w, C), as PyTorch's interpolate.
//
//   bilinear   y[p, q] is the mean of the four pixels around (source(p), source(q)), weighted by
//              how near they are. align_corners: source(p) = p (H - 1) / (out_h - 1), 0 where out_h
//              is 1; else source(p) = max(0, (p + 1/2) H / out_h - 1/2). The last pixel goes on
//              beyond the border.
//   nearest    y[p, q] = x[floor(p H / out_h), floor(q W / out_w)]. It has no align_corners.
//
// Places are computed in double (of nearest: in integers) and weights rounded to the type of x; a
// pixel is (1 - f) (row of above) + f (row of below), each row the same of left and right.
//
// resize2d_grad (dy) -> dx, as a gather: each pixel adds dy times its weight over the outputs that
// read it, in increasing (p, q), in the type of dy.
#pragma once

#include <cstdint>
#include <string>

#include "ops/core/emitter.h"

namespace lockstep::ops {

struct Resize2dAttrs {
  int64_t out_h = 1, out_w = 1;
  std::string mode = "bilinear";  // "bilinear" or "nearest"
  bool align_corners = false;

  template <typename V>
  void Visit(V&& v) {
    v("out_h", out_h);
    v("out_w", out_w);
    v("mode", mode);
    v("align_corners", align_corners);
  }
};

// The attributes of the gradient: also the size of x, which dy does not tell.
struct Resize2dGradAttrs : Resize2dAttrs {
  int64_t in_h = 1, in_w = 1;

  template <typename V>
  void Visit(V&& v) {
    Resize2dAttrs::Visit(v);
    v("in_h", in_h);
    v("in_w", in_w);
  }
};

Value Resize2d(Emitter* e, Value x, const Resize2dAttrs& attrs);

}  // namespace lockstep::ops
