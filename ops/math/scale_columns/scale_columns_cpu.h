// SPDX-License-Identifier: Apache-2.0
// Reference kernels, over float and double.
#pragma once

#include "ops/core/op.h"
#include "ops/math/scale_columns/scale_columns.h"

namespace lockstep::ops::scale_columns {

template <typename T>
void Reference(const ScaleColumnsAttrs& attrs, const ReferenceArgs& args);

}  // namespace lockstep::ops::scale_columns
