// SPDX-License-Identifier: Apache-2.0
// LAMB (You et al., "Large Batch Optimization for Deep Learning", 2020): Adam's step with decoupled
// decay, made as long as the parameter's norm. For a block of any length n of a parameter whose
// norm is |w| and whose step's norm is |r|, both of the whole parameter:
//
//   g = grad * grad_scale
//   m' = beta1 * m + (1 - beta1) * g
//   v' = beta2 * v + (1 - beta2) * g * g
//   r = (m' / bias1) / (sqrt(v') / sqrt(bias2) + eps) + weight_decay * param
//   trust = |w| / |r|; 1 where either is 0
//   param' = param - lr * trust * r
//
// All in the type of param, but |r| in double. bias1 and bias2 are Adam's (ops/optim/adam/adam.h).
// Where weight_decay is 0 trust is 1 (for biases and norms) unless always_adapt says otherwise.
// `lamb_measure` gives |w|^2 and |r|^2 of a block; it keeps no moments, so a step that is skipped
// leaves no trace.
#pragma once

#include "base/options/option.h"
#include "ops/core/emitter.h"

namespace lockstep::ops {

struct LambAttrs {
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-6;
  double weight_decay = 0.01;
  bool always_adapt = false;

  template <typename V>
  void Visit(V&& v) {
    v("beta1", beta1, Says("decay of the mean of gradients").Within(kBelowOne));
    v("beta2", beta2, Says("decay of the mean of squared gradients").Within(kBelowOne));
    v("eps", eps, Says("added to the root of that mean").Within(kPositive));
    v("weight_decay", weight_decay,
      Says("share of a weight added to its step").Within(kNotNegative));
    v("always_adapt", always_adapt,
      Says("adapt steps also where weight_decay is 0, as groups set it for biases and norms"));
  }
};

}  // namespace lockstep::ops
