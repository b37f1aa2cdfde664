// SPDX-License-Identifier: Apache-2.0
// Reference kernels, over float and double.
#pragma once

#include "ops/core/op.h"
#include "ops/nn/dropout2d/dropout2d.h"

namespace lockstep::ops::dropout2d {

template <typename T>
void Reference(const DropoutAttrs&, const ReferenceArgs& args);
template <typename T>
void ReferenceGrad(const DropoutAttrs&, const ReferenceArgs& args);

}  // namespace lockstep::ops::dropout2d
