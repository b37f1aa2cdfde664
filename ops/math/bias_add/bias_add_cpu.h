// SPDX-License-Identifier: Apache-2.0
// Reference kernels, over float and double.
#pragma once

#include "ops/core/op.h"

namespace lockstep::ops::bias_add {

template <typename T>
void Reference(const NoAttrs&, const ReferenceArgs& args);
template <typename T>
void ReferenceGrad(const NoAttrs&, const ReferenceArgs& args);

// Bytes of scratch for the sums of bias_grad.
int64_t WorkspaceGrad(const NoAttrs&, const NodeSpec& node);

}  // namespace lockstep::ops::bias_add
