// SPDX-License-Identifier: Apache-2.0
// Number of rows whose largest logit is at the label: logits (N, K), labels i32 (N) -> i64 []. Of
// equal logits the lowest index is the prediction. A row that holds a NaN is never correct.
#pragma once

#include "ops/core/emitter.h"

namespace lockstep::ops {

Value Top1Correct(Emitter* e, Value logits, Value labels);

}  // namespace lockstep::ops
