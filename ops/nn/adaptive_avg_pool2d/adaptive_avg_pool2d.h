// SPDX-License-Identifier: Apache-2.0
// Mean over windows that divide the image evenly, per channel: x (N, H, W, C) -> y (N, P, Q, C),
// P and Q given. The windows are PyTorch's: output row p covers the input rows
// [floor(p H / P), ceil((p + 1) H / P)), columns alike; they overlap where P does not divide H, and
// repeat pixels where P > H. Sums run in increasing (h, w), in double, are divided by the number of
// pixels and rounded once.
//
// adaptive_avg_pool2d_grad (dy) -> dx, as a gather: each pixel adds dy / pixels of the windows over
// it, in increasing (p, q), in double, rounded once.
#pragma once

#include <cstdint>

#include "ops/core/emitter.h"

namespace lockstep::ops {

struct AdaptiveAvgPool2dAttrs {
  int64_t out_h = 1, out_w = 1;

  template <typename V>
  void Visit(V&& v) {
    v("out_h", out_h);
    v("out_w", out_w);
  }
};

// The attributes of the gradient: also the size of the image, which dy does not tell.
struct AdaptiveAvgPool2dGradAttrs {
  int64_t in_h = 1, in_w = 1;

  template <typename V>
  void Visit(V&& v) {
    v("in_h", in_h);
    v("in_w", in_w);
  }
};

Value AdaptiveAvgPool2d(Emitter* e, Value x, int64_t out_h, int64_t out_w);

}  // namespace lockstep::ops
