// SPDX-License-Identifier: Apache-2.0
// Reference kernels, over float and double, one file each. All three are sums of products over a
// table of offsets (ops/core/packed_product.h), one image at a time.
#pragma once

#include "ops/core/op.h"
#include "ops/nn/conv2d/conv2d.h"

namespace lockstep::ops::conv2d {

// (x, w) -> y.
template <typename T>
void Reference(const Conv2dAttrs&, const ReferenceArgs& args);
int64_t Workspace(const Conv2dAttrs&, const NodeSpec& node);

// (dy, w) -> dx.
template <typename T>
void ReferenceDataGrad(const Conv2dDataGradAttrs&, const ReferenceArgs& args);
int64_t WorkspaceDataGrad(const Conv2dDataGradAttrs&, const NodeSpec& node);

// (x, dy) -> dw.
template <typename T>
void ReferenceWeightGrad(const Conv2dWeightGradAttrs&, const ReferenceArgs& args);
int64_t WorkspaceWeightGrad(const Conv2dWeightGradAttrs&, const NodeSpec& node);

}  // namespace lockstep::ops::conv2d
