// SPDX-License-Identifier: Apache-2.0
// Logistic function y = 1 / (1 + e^-x), any shape, computed in double and rounded once.
// dx = dy y (1 - y).
#pragma once

#include "ops/core/emitter.h"

namespace lockstep::ops {

Value Sigmoid(Emitter* e, Value x);

}  // namespace lockstep::ops
