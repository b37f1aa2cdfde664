// SPDX-License-Identifier: Apache-2.0
// Reference kernels, over float and double.
#pragma once

#include "ops/core/op.h"
#include "ops/optim/adam/adam.h"

namespace lockstep::ops::adam {

template <typename T>
void Reference(const AdamAttrs&, const ReferenceArgs& args);

}  // namespace lockstep::ops::adam
