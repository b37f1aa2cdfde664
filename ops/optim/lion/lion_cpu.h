// SPDX-License-Identifier: Apache-2.0
// Reference kernels, over float and double.
#pragma once

#include "ops/core/op.h"
#include "ops/optim/lion/lion.h"

namespace lockstep::ops::lion {

template <typename T>
void Reference(const LionAttrs& attrs, const ReferenceArgs& args);

}  // namespace lockstep::ops::lion
