// SPDX-License-Identifier: Apache-2.0
// Reference kernels, over float and double.
#pragma once

#include "ops/core/op.h"
#include "ops/loss/pixel_cross_entropy/pixel_cross_entropy.h"

namespace lockstep::ops::pixel_cross_entropy {

int64_t Workspace(const PixelCrossEntropyAttrs&, const NodeSpec& node);
template <typename T>
void Reference(const PixelCrossEntropyAttrs& attrs, const ReferenceArgs& args);
template <typename T>
void ReferenceGrad(const PixelCrossEntropyAttrs& attrs, const ReferenceArgs& args);

}  // namespace lockstep::ops::pixel_cross_entropy
