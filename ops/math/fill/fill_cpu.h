// SPDX-License-Identifier: Apache-2.0
// Reference kernels, over float and double.
#pragma once

#include "ops/core/op.h"
#include "ops/math/fill/fill.h"

namespace lockstep::ops::fill {

template <typename T>
void Reference(const FillAttrs&, const ReferenceArgs& args);

}  // namespace lockstep::ops::fill
