// SPDX-License-Identifier: Apache-2.0
// Reference kernels, over float and double.
#pragma once

#include "ops/core/op.h"

namespace lockstep::ops::softmax {

// Bytes of a row in double.
int64_t Workspace(const NoAttrs&, const NodeSpec& node);
template <typename T>
void Reference(const NoAttrs&, const ReferenceArgs& args);
template <typename T>
void ReferenceGrad(const NoAttrs&, const ReferenceArgs& args);

}  // namespace lockstep::ops::softmax
