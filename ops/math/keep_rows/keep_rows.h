// SPDX-License-Identifier: Apache-2.0
// Rows that say something: x (N, ...), count i32 (N) -> y, whose row n is that of x where count[n]
// is above 0, and zeros elsewhere. So a row of a sample without what it is compared with (a box)
// adds nothing to a loss, and gets no gradient: dx = keep_rows(dy, count).
#pragma once

#include "ops/core/emitter.h"

namespace lockstep::ops {

Value KeepRows(Emitter* e, Value x, Value count);

}  // namespace lockstep::ops
