// SPDX-License-Identifier: Apache-2.0
// Reference kernels, over float and double.
#pragma once

#include "ops/core/op.h"
#include "ops/nn/max_pool2d/max_pool2d.h"

namespace lockstep::ops::max_pool2d {

template <typename T>
void Reference(const MaxPool2dAttrs&, const ReferenceArgs& args);
template <typename T>
void ReferenceGrad(const MaxPool2dGradAttrs&, const ReferenceArgs& args);
template <typename T>
void ReferenceGather(const MaxPool2dAttrs&, const ReferenceArgs& args);

}  // namespace lockstep::ops::max_pool2d
