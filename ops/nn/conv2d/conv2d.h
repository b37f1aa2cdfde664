// SPDX-License-Identifier: Apache-2.0
// Two-dimensional convolution (cross-correlation, as LeCun et al., 1998, and every framework):
//
//   y[n,p,q,k] = sum over r, s, c of x[n, p*stride_h - padding_h + r*dilation_h,
//                                      q*stride_w - padding_w + s*dilation_w, g*C/groups + c]
//                                    * w[k,r,s,c],   g = k / (K/groups)
//
// x (N, H, W, C), w (K, R, S, C/groups), y (N, P, Q, K) with
// P = floor((H + 2 padding_h - dilation_h (R-1) - 1) / stride_h) + 1, Q alike. Outside the image x
// is +0 and takes part in the sum. The sum runs in increasing (r, s, c), in the type of x.
//
// conv2d_data_grad (dy, w) -> dx: a gather over (r, s, k) in that order, in the type of dy.
// conv2d_weight_grad (x, dy) -> dw: sums over (n, p, q) in that order, in double, rounded once.
//
// A transposed convolution (Zeiler et al., 2010) is conv2d_data_grad used forward: x (N, P, Q, K),
// w (K, R, S, C/groups) -> y (N, H, W, C), the inputs' channels being the K of w.
#pragma once

#include <cstdint>

#include "ops/core/emitter.h"

namespace lockstep::ops {

struct Conv2dAttrs {
  int64_t stride_h = 1, stride_w = 1;
  int64_t padding_h = 0, padding_w = 0;  // on each side, in pixels
  int64_t dilation_h = 1, dilation_w = 1;
  int64_t groups = 1;  // divides C and K

  template <typename V>
  void Visit(V&& v) {
    v("stride_h", stride_h);
    v("stride_w", stride_w);
    v("padding_h", padding_h);
    v("padding_w", padding_w);
    v("dilation_h", dilation_h);
    v("dilation_w", dilation_w);
    v("groups", groups);
  }
};

// dy and w do not tell the size of the image.
struct Conv2dDataGradAttrs : Conv2dAttrs {
  int64_t in_h = 1, in_w = 1;

  template <typename V>
  void Visit(V&& v) {
    Conv2dAttrs::Visit(v);
    v("in_h", in_h);
    v("in_w", in_w);
  }
};

// x and dy do not tell the size of the kernel.
struct Conv2dWeightGradAttrs : Conv2dAttrs {
  int64_t kernel_h = 1, kernel_w = 1;

  template <typename V>
  void Visit(V&& v) {
    Conv2dAttrs::Visit(v);
    v("kernel_h", kernel_h);
    v("kernel_w", kernel_w);
  }
};

Value Conv2d(Emitter* e, Value x, Value w, const Conv2dAttrs& attrs = {});

// A transposed convolution: y has the height (P - 1) stride_h - 2 padding_h + dilation_h (R - 1) +
// 1 + output_padding, and such a width. A strided convolution takes several heights of y to the
// same P: output_padding 0 gives the smallest of them, and a larger one, below the stride, the
// others.
Value ConvTranspose2d(Emitter* e, Value x, Value w, const Conv2dAttrs& attrs = {},
                      int64_t output_padding = 0);

}  // namespace lockstep::ops
