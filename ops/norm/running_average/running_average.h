// SPDX-License-Identifier: Apache-2.0
// Exponential running average, for the update graph: what a step's totals over lanes (see
// ops/norm/batch_norm_totals) make of a batch norm's running mean or variance.
//
//   batch = total / count, in double, rounded to running's type once
//   new = (1 - momentum) * running + momentum * batch
//
// (running (C), total f64 (C), count f64 []) -> running (C). Where count is 0, no lane had anything
// to add: running stays as it is. momentum is PyTorch's (0.1: a tenth of the new value), in [0, 1].
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
Value RunningAverage(Emitter* e, Value running, Value total, Value count, double momentum);

}  // namespace lockstep::ops
