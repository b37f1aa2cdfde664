// SPDX-License-Identifier: Apache-2.0
// Checks of what an op says about itself before anything is computed.
#pragma once

#include "ops/core/testing/op_case.h"

namespace lockstep::ops {

// The attributes read back from their text, are what the op takes, and a further one is refused.
Status CheckAttrs(const OpCase& c);

// The shape rule takes the sample in both precisions and refuses an input too few and one too many.
Status CheckInputCount(const OpCase& c);

}  // namespace lockstep::ops
