// SPDX-License-Identifier: Apache-2.0
// y = x * s, x of any shape, s a scalar (shape []) of x's type or f64, rounded to x's type first.
// dx = dy * s. The scalar gets no gradient.
#pragma once

#include "ops/core/emitter.h"

namespace lockstep::ops {

Value Scale(Emitter* e, Value x, Value s);

}  // namespace lockstep::ops
