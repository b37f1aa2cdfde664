// SPDX-License-Identifier: Apache-2.0
// What one lane's batch normalisation adds to the step's running statistics: its mean and unbiased
// variance (C), weighted by the elements a channel that they were taken over.
//
//   n = elements if elements >= 2, else 0
//   count = n,  mean_total = n * mean,  var_total = n * var
//
// (mean (C), var (C)) -> count f64 [], mean_total f64 (C), var_total f64 (C): exact widening, then
// one product in double. One element has no unbiased variance, so such a lane does not count: its
// totals are +0.0, whatever mean and var hold. There is no gradient.
#pragma once

#include "ops/core/emitter.h"

namespace lockstep::ops {

struct BatchNormTotalsAttrs {
  int64_t elements = 0;  // elements a channel of the lane, >= 0

  template <typename V>
  void Visit(V&& v) {
    v("elements", elements);
  }
};

struct BatchNormTotalsOut {
  Value count;       // f64 []
  Value mean_total;  // f64 (C)
  Value var_total;   // f64 (C)
};

BatchNormTotalsOut BatchNormTotals(Emitter* e, Value mean, Value var, int64_t elements);

}  // namespace lockstep::ops
