// SPDX-License-Identifier: Apache-2.0
// Hyperbolic tangent y = tanh(x), any shape, computed in double and rounded once (base/math.h).
// dx = dy (1 - y^2).
#pragma once

#include "ops/core/emitter.h"

namespace lockstep::ops {

Value Tanh(Emitter* e, Value x);

}  // namespace lockstep::ops
