// SPDX-License-Identifier: Apache-2.0
// Reference kernels, over float and double.
#pragma once

#include "base/range.h"
#include "ops/core/op.h"
#include "ops/nn/adaptive_avg_pool2d/adaptive_avg_pool2d.h"

namespace lockstep::ops::adaptive_avg_pool2d {

template <typename T>
void Reference(const AdaptiveAvgPool2dAttrs&, const ReferenceArgs& args);
template <typename T>
void ReferenceGrad(const AdaptiveAvgPool2dGradAttrs&, const ReferenceArgs& args);

// Which of `in` input positions output position p of `out` covers.
inline Range AdaptiveWindow(int64_t p, int64_t in, int64_t out) {
  return {p * in / out, ((p + 1) * in + out - 1) / out};
}

// Bytes of scratch for one pixel's sums, in double.
int64_t Workspace(const AdaptiveAvgPool2dAttrs&, const NodeSpec& node);
int64_t WorkspaceGrad(const AdaptiveAvgPool2dGradAttrs&, const NodeSpec& node);

}  // namespace lockstep::ops::adaptive_avg_pool2d
