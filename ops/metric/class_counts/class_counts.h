// SPDX-License-Identifier: Apache-2.0
// Counts of each class, for as many classes as a confusion matrix is too large for: logits (N, K),
// labels i32 (N) -> i64 (3, K): rows of that label whose largest logit is there too (hits), rows
// predicted to be of the class, rows of that label. Of equal logits the lowest index is the
// prediction. A row that holds a NaN, or whose label is no class, is counted nowhere.
#pragma once

#include "ops/core/emitter.h"

namespace lockstep::ops {

Value ClassCounts(Emitter* e, Value logits, Value labels);

}  // namespace lockstep::ops
