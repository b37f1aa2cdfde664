// SPDX-License-Identifier: Apache-2.0
// Exponential running average, for the update graph: new = (1 - momentum) * running + momentum *
// batch, any shape; momentum is PyTorch's (0.1: a tenth of the new value), in [0, 1].
#pragma once

#include "ops/core/emitter.h"

namespace lockstep::ops {

struct RunningAverageAttrs {
  double momentum = 0.1;

  template <typename V>
  void Visit(V&& v) {
    v("momentum", momentum);
  }
};

// `running` and the result may be one buffer.
Value RunningAverage(Emitter* e, Value running, Value batch, double momentum);

}  // namespace lockstep::ops
