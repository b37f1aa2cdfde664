// SPDX-License-Identifier: Apache-2.0
// Rectified linear unit: y = max(x, 0), any shape (Nair and Hinton, 2010). dx = dy where y > 0,
// else 0: at x = 0 the gradient is 0, as in PyTorch. NaN stays NaN.
#pragma once

#include "ops/core/emitter.h"

namespace lockstep::ops {

Value Relu(Emitter* e, Value x);

}  // namespace lockstep::ops
