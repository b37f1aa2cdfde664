// SPDX-License-Identifier: Apache-2.0
// Reference kernels, over float and double.
#pragma once

#include "ops/core/op.h"
#include "ops/norm/group_norm/group_norm.h"

namespace lockstep::ops::group_norm {

int64_t WorkspaceGrad(const GroupNormAttrs&, const NodeSpec& node);
template <typename T>
void Reference(const GroupNormAttrs& attrs, const ReferenceArgs& args);
template <typename T>
void ReferenceGrad(const GroupNormAttrs& attrs, const ReferenceArgs& args);

}  // namespace lockstep::ops::group_norm
