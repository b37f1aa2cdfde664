// SPDX-License-Identifier: Apache-2.0
// Dropout (Srivastava et al., 2014), in its training form: x (any shape) -> y, mask u8. Element i,
// its index in row-major order, is kept iff u_i >= p; y_i = x_i / (1 - p) if kept, else 0. The
// factor is computed in double and rounded to x's type. u_i is uniform in [0, 1): word i mod 4 of
// Philox with counter (step, lane, low word of i/4, high word of i/4) and the key of (seed,
// "dropout", the node's scope path). So the mask is the same whoever runs the lane, and however
// often.
//
// dropout_grad (dy, mask) -> dx.
#pragma once

#include "ops/core/emitter.h"

namespace lockstep::ops {

struct DropoutAttrs {
  double p = 0.5;  // probability of dropping an element (of dropout2d: a channel), in [0, 1)

  template <typename V>
  void Visit(V&& v) {
    v("p", p);
  }
};

// Returns y; the mask is for the gradient.
Value Dropout(Emitter* e, Value x, double p);

}  // namespace lockstep::ops
