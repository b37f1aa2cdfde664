// SPDX-License-Identifier: Apache-2.0
// Reference kernels, over float and double.
#pragma once

#include "ops/core/op.h"
#include "ops/nn/resize2d/resize2d.h"

namespace lockstep::ops::resize2d {

int64_t Workspace(const Resize2dAttrs& attrs, const NodeSpec& node);
int64_t WorkspaceGrad(const Resize2dGradAttrs& attrs, const NodeSpec& node);
template <typename T>
void Reference(const Resize2dAttrs& attrs, const ReferenceArgs& args);
template <typename T>
void ReferenceGrad(const Resize2dGradAttrs& attrs, const ReferenceArgs& args);

}  // namespace lockstep::ops::resize2d
