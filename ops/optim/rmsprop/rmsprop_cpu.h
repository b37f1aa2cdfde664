// SPDX-License-Identifier: Apache-2.0
// Reference kernels, over float and double.
#pragma once

#include "ops/core/op.h"
#include "ops/optim/rmsprop/rmsprop.h"

namespace lockstep::ops::rmsprop {

template <typename T>
void Reference(const RmspropAttrs& attrs, const ReferenceArgs& args);

}  // namespace lockstep::ops::rmsprop
