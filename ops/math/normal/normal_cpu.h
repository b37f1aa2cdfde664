// SPDX-License-Identifier: Apache-2.0
// Reference kernels, over float and double.
#pragma once

#include "ops/core/op.h"
#include "ops/math/normal/normal.h"

namespace lockstep::ops::normal {

template <typename T>
void Reference(const NormalAttrs& attrs, const ReferenceArgs& args);

}  // namespace lockstep::ops::normal
