// SPDX-License-Identifier: Apache-2.0
// Dropout of whole channels (Tompson et al., 2015), in its training form: x (N, H, W, C) -> y,
// mask u8 (N, C). Channel c of image n is kept iff u_i >= p, i = n C + c;
// y = x / (1 - p) if kept, else 0. The factor is computed in double and rounded to x's type. u_i is
// drawn as element i of `dropout` is (ops/nn/dropout/dropout.h), under the same purpose and the
// node's own path.
//
// dropout2d_grad (dy, mask) -> dx. Attributes: DropoutAttrs.
#pragma once

#include "ops/core/emitter.h"
#include "ops/nn/dropout/dropout.h"

namespace lockstep::ops {

// Returns y; the mask is for the gradient.
Value Dropout2d(Emitter* e, Value x, double p);

}  // namespace lockstep::ops
