// SPDX-License-Identifier: Apache-2.0
// Reference kernels, over float and double.
#pragma once

#include "ops/core/op.h"
#include "ops/optim/adagrad/adagrad.h"

namespace lockstep::ops::adagrad {

template <typename T>
void Reference(const AdagradAttrs& attrs, const ReferenceArgs& args);

}  // namespace lockstep::ops::adagrad
