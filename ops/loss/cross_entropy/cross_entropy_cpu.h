// SPDX-License-Identifier: Apache-2.0
// Reference kernels, over float and double.
#pragma once

#include "ops/core/op.h"
#include "ops/loss/cross_entropy/cross_entropy.h"

namespace lockstep::ops::cross_entropy {

template <typename T>
void Reference(const CrossEntropyAttrs&, const ReferenceArgs& args);
template <typename T>
void ReferenceGrad(const CrossEntropyAttrs&, const ReferenceArgs& args);

// Bytes of scratch for one row's exponentials, in double.
int64_t Workspace(const CrossEntropyAttrs&, const NodeSpec& node);

}  // namespace lockstep::ops::cross_entropy
