// SPDX-License-Identifier: Apache-2.0
// y = x + b along the last axis: x (..., C), b (C). bias_grad (dy) -> db (C) sums dy over all axes
// but the last, rows in increasing order, in double, rounded once.
#pragma once

#include "ops/core/emitter.h"

namespace lockstep::ops {

Value BiasAdd(Emitter* e, Value x, Value b);

}  // namespace lockstep::ops
