// SPDX-License-Identifier: Apache-2.0
// Reference kernels, over float and double.
#pragma once

#include "ops/core/op.h"
#include "ops/norm/batch_norm_totals/batch_norm_totals.h"

namespace lockstep::ops::batch_norm_totals {

template <typename T>
void Reference(const BatchNormTotalsAttrs&, const ReferenceArgs& args);

}  // namespace lockstep::ops::batch_norm_totals
