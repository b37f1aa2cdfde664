// SPDX-License-Identifier: Apache-2.0
// Reference kernels, over float and double.
#pragma once

#include "ops/core/op.h"

namespace lockstep::ops::keep_rows {

template <typename T>
void Reference(const NoAttrs&, const ReferenceArgs& args);

}  // namespace lockstep::ops::keep_rows
