// SPDX-License-Identifier: Apache-2.0
// Confusion matrix: logits (N, K), labels i32 (N) -> i64 (K, K). Element [t][p] is the number of
// rows of label t whose largest logit is p, the lowest index of equal ones. A row that holds a NaN,
// or whose label is no class, is counted nowhere.
#pragma once

#include "ops/core/emitter.h"

namespace lockstep::ops {

Value ConfusionMatrix(Emitter* e, Value logits, Value labels);

}  // namespace lockstep::ops
