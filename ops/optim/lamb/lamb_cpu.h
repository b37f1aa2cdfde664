// SPDX-License-Identifier: Apache-2.0
// Reference kernels, over float and double.
#pragma once

#include "ops/core/op.h"
#include "ops/optim/lamb/lamb.h"

namespace lockstep::ops::lamb {

template <typename T>
void Reference(const LambAttrs& attrs, const ReferenceArgs& args);
template <typename T>
void Measure(const LambAttrs& attrs, const ReferenceArgs& args);

// What the step of a parameter is multiplied by.
template <typename T>
T Trust(const LambAttrs& attrs, T param_norm, T step_norm) {
  const bool adapts = attrs.always_adapt || attrs.weight_decay != 0.0;
  return adapts && param_norm > T(0) && step_norm > T(0) ? param_norm / step_norm : T(1);
}

}  // namespace lockstep::ops::lamb
