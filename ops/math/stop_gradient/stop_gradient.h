// SPDX-License-Identifier: Apache-2.0
// y = x. No gradient flows to x, nor through it.
#pragma once

#include "ops/core/emitter.h"

namespace lockstep::ops {

Value StopGradient(Emitter* e, Value x);

}  // namespace lockstep::ops
