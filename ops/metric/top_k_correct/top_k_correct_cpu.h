// SPDX-License-Identifier: Apache-2.0
// Reference kernels, over float and double.
#pragma once

#include "ops/core/op.h"
#include "ops/metric/top_k_correct/top_k_correct.h"

namespace lockstep::ops::top_k_correct {

template <typename T>
void Reference(const TopKAttrs&, const ReferenceArgs& args);

}  // namespace lockstep::ops::top_k_correct
