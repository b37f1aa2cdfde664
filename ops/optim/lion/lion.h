// SPDX-License-Identifier: Apache-2.0
// Lion (Chen et al., "Symbolic Discovery of Optimization Algorithms", 2023): steps of one length
// for every weight, along the sign of a mean of gradients. For a block of any length n:
//
//   g = grad * grad_scale
//   param' = (1 - lr * weight_decay) * param - lr * sign(beta1 * m + (1 - beta1) * g)
//   m' = beta2 * m + (1 - beta2) * g
//
// All in the type of param; the sign of 0 is 0. Its rate is about a tenth of AdamW's, its decay ten
// times as large.
#pragma once

#include "base/options/option.h"
#include "ops/core/emitter.h"

namespace lockstep::ops {

struct LionAttrs {
  double beta1 = 0.9;
  double beta2 = 0.99;
  double weight_decay = 0.0;

  template <typename V>
  void Visit(V&& v) {
    v("beta1", beta1, Says("share of the mean in the direction of a step").Within(kBelowOne));
    v("beta2", beta2, Says("decay of the mean of gradients").Within(kBelowOne));
    v("weight_decay", weight_decay,
      Says("share of a weight taken away a step, times the learning rate").Within(kNotNegative));
  }
};

}  // namespace lockstep::ops
