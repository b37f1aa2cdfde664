// SPDX-License-Identifier: Apache-2.0
// Reference kernels, over float and double.
#pragma once

#include "ops/core/op.h"
#include "ops/optim/lars/lars.h"

namespace lockstep::ops::lars {

template <typename T>
void Reference(const LarsAttrs& attrs, const ReferenceArgs& args);
template <typename T>
void Measure(const LarsAttrs& attrs, const ReferenceArgs& args);

// What the step of a parameter is multiplied by.
template <typename T>
T Trust(const LarsAttrs& attrs, T param_norm, T grad_norm) {
  const bool adapts = attrs.always_adapt || attrs.weight_decay != 0.0;
  if (!adapts || !(param_norm > T(0)) || !(grad_norm > T(0))) return T(1);
  return static_cast<T>(attrs.trust_coefficient) * param_norm /
         (grad_norm + static_cast<T>(attrs.weight_decay) * param_norm + static_cast<T>(attrs.eps));
}

}  // namespace lockstep::ops::lars
