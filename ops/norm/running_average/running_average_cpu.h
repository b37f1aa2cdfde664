// SPDX-License-Identifier: Apache-2.0
// Reference kernels, over float and double.
#pragma once

#include "ops/core/op.h"
#include "ops/norm/running_average/running_average.h"

namespace lockstep::ops::running_average {

template <typename T>
void Reference(const RunningAverageAttrs&, const ReferenceArgs& args);

}  // namespace lockstep::ops::running_average
