// SPDX-License-Identifier: Apache-2.0
// Elementwise sum y = a + b of two tensors of one type and shape; no broadcasting (a bias is
// bias_add). da = db = dy.
#pragma once

#include "ops/core/emitter.h"

namespace lockstep::ops {

Value Add(Emitter* e, Value a, Value b);

}  // namespace lockstep::ops
