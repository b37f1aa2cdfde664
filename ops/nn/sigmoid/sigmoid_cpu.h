// SPDX-License-Identifier: Apache-2.0
// Reference kernels, over float and double.
#pragma once

#include "ops/core/op.h"

namespace lockstep::ops::sigmoid {

template <typename T>
void Reference(const NoAttrs&, const ReferenceArgs& args);
template <typename T>
void ReferenceGrad(const NoAttrs&, const ReferenceArgs& args);

}  // namespace lockstep::ops::sigmoid
