// SPDX-License-Identifier: Apache-2.0
// Reference kernels, over float and double.
#pragma once

#include "ops/core/op.h"
#include "ops/math/reshape/reshape.h"

namespace lockstep::ops::reshape {

template <typename T>
void Reference(const ReshapeAttrs&, const ReferenceArgs& args);

}  // namespace lockstep::ops::reshape
