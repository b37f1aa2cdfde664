// SPDX-License-Identifier: Apache-2.0
// Maximum over windows, per channel: x (N, H, W, C) -> y (N, P, Q, C) and index i32 (N, P, Q, C),
// the place r * kernel_w + s of the maximum in its window. The first maximum in row-major order
// wins; a NaN beats everything, and of several the last wins, as in PyTorch. Padding is never
// chosen. P = floor((H + 2 padding_h - kernel_h) / stride_h) + 1, Q alike; the padding is at most
// half the kernel, so that no window is empty.
//
// max_pool2d_grad (index, dy) -> dx, as a gather: each pixel adds the dy of the windows that chose
// it, in increasing (p, q), in the type of dy.
//
// max_pool2d_gather (index, x) -> y: what stands in x at the place that each window chose, 0 where
// that lies outside. It is the gradient of max_pool2d_grad by dy, which used forward is PyTorch's
// max_unpool2d (Zeiler and Fergus, 2014): y goes back to where its maximum was, all else is 0, and
// where windows overlap and chose one pixel their values are added.
#pragma once

#include <cstdint>

#include "ops/core/emitter.h"

namespace lockstep::ops {

struct MaxPool2dAttrs {
  int64_t kernel_h = 2, kernel_w = 2;
  int64_t stride_h = 2, stride_w = 2;
  int64_t padding_h = 0, padding_w = 0;  // on each side, in pixels

  template <typename V>
  void Visit(V&& v) {
    v("kernel_h", kernel_h);
    v("kernel_w", kernel_w);
    v("stride_h", stride_h);
    v("stride_w", stride_w);
    v("padding_h", padding_h);
    v("padding_w", padding_w);
  }
};

// The attributes of the gradient: also the size of the image, which dy does not tell.
struct MaxPool2dGradAttrs : MaxPool2dAttrs {
  int64_t in_h = 1, in_w = 1;

  template <typename V>
  void Visit(V&& v) {
    MaxPool2dAttrs::Visit(v);
    v("in_h", in_h);
    v("in_w", in_w);
  }
};

// Returns y; the index is for the gradient.
Value MaxPool2d(Emitter* e, Value x, const MaxPool2dAttrs& attrs = {});

struct MaxPool2dOut {
  Value y;
  Value index;  // i32, as large as y
};
MaxPool2dOut MaxPool2dWithIndex(Emitter* e, Value x, const MaxPool2dAttrs& attrs = {});

// The unpooling of y (N, P, Q, C) to (N, in_h, in_w, C), with the index of a pooling of these
// attributes.
Value MaxUnpool2d(Emitter* e, Value y, Value index, const MaxPool2dGradAttrs& attrs);

}  // namespace lockstep::ops
