// SPDX-License-Identifier: Apache-2.0
// Reference kernels, over float and double.
#pragma once

#include "ops/core/op.h"
#include "ops/loss/dice/dice.h"

namespace lockstep::ops::dice {

int64_t Workspace(const DiceAttrs&, const NodeSpec& node);
template <typename T>
void Reference(const DiceAttrs& attrs, const ReferenceArgs& args);
template <typename T>
void ReferenceGrad(const DiceAttrs& attrs, const ReferenceArgs& args);

}  // namespace lockstep::ops::dice
