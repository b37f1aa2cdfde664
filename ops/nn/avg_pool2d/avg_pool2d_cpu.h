// SPDX-License-Identifier: Apache-2.0
// Reference kernels, over float and double.
#pragma once

#include "ops/core/op.h"
#include "ops/nn/avg_pool2d/avg_pool2d.h"

namespace lockstep::ops::avg_pool2d {

template <typename T>
void Reference(const AvgPool2dAttrs&, const ReferenceArgs& args);
template <typename T>
void ReferenceGrad(const AvgPool2dGradAttrs&, const ReferenceArgs& args);

// Bytes of scratch for one pixel's sums, in double.
int64_t Workspace(const AvgPool2dAttrs&, const NodeSpec& node);
int64_t WorkspaceGrad(const AvgPool2dGradAttrs&, const NodeSpec& node);

}  // namespace lockstep::ops::avg_pool2d
