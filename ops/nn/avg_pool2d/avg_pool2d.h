// SPDX-License-Identifier: Apache-2.0
// Mean over windows, per channel: x (N, H, W, C) -> y (N, P, Q, C). The divisor is the size of the
// window, or with count_include_pad = false the number of its pixels inside the image.
// P = floor((H + 2 padding_h - kernel_h) / stride_h) + 1, Q alike; the padding is at most half the
// kernel. Sums run in increasing (r, s), in double, and are rounded once.
//
// avg_pool2d_grad (dy) -> dx, as a gather: each pixel adds dy / divisor of the windows over it, in
// increasing (p, q), in double, rounded once.
#pragma once

#include <cstdint>

#include "ops/core/emitter.h"

namespace lockstep::ops {

struct AvgPool2dAttrs {
  int64_t kernel_h = 2, kernel_w = 2;
  int64_t stride_h = 2, stride_w = 2;
  int64_t padding_h = 0, padding_w = 0;  // on each side, in pixels
  bool count_include_pad = true;

  template <typename V>
  void Visit(V&& v) {
    v("kernel_h", kernel_h);
    v("kernel_w", kernel_w);
    v("stride_h", stride_h);
    v("stride_w", stride_w);
    v("padding_h", padding_h);
    v("padding_w", padding_w);
    v("count_include_pad", count_include_pad);
  }
};

// The attributes of the gradient: also the size of the image, which dy does not tell.
struct AvgPool2dGradAttrs : AvgPool2dAttrs {
  int64_t in_h = 1, in_w = 1;

  template <typename V>
  void Visit(V&& v) {
    AvgPool2dAttrs::Visit(v);
    v("in_h", in_h);
    v("in_w", in_w);
  }
};

Value AvgPool2d(Emitter* e, Value x, const AvgPool2dAttrs& attrs = {});
// The mean over the whole image: (N, H, W, C) -> (N, 1, 1, C).
Value GlobalAvgPool(Emitter* e, Value x);

}  // namespace lockstep::ops
