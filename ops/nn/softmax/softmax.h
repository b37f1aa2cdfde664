// SPDX-License-Identifier: Apache-2.0
// Softmax over the last axis: y_k = e^(x_k - max) / sum_j e^(x_j - max), x (..., K) with K >= 1. A
// row is computed in double, its sum in the order of k, and rounded once. A NaN makes its row NaN.
// dx_k = y_k (dy_k - sum_j y_j dy_j), with the sum in double in the order of j.
#pragma once

#include "ops/core/emitter.h"

namespace lockstep::ops {

Value Softmax(Emitter* e, Value x);

}  // namespace lockstep::ops
