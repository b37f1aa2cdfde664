// SPDX-License-Identifier: Apache-2.0
// Checks of gradient rules, in double, the rule executed by an EagerEmitter. The op must have one.
#pragma once

#include "ops/core/testing/op_case.h"

namespace lockstep::ops {

// Largest accepted relative L2 distance between a rule's gradient and central differences.
inline constexpr double kGradientTolerance = 1e-8;

// Compares with central finite differences of the reference kernel, for every differentiable input;
// once with gradients into all differentiable outputs, and, where there are several, with each
// alone.
Status CheckGradient(const OpCase& c);

// Asked for one input's gradient, a rule returns only that, to the same bits, and emits no node it
// does not need for it.
Status CheckWantedOnly(const OpCase& c);

}  // namespace lockstep::ops
