// SPDX-License-Identifier: Apache-2.0
// AdamW: Adam with decoupled weight decay (Loshchilov and Hutter, 2019), as torch.optim.AdamW (2.x)
// computes it, for a block of parameters of any length n:
//
//   g = grad * grad_scale
//   m' = m + (1 - beta1) * (g - m)        (for beta1 <= 0.5: g - (g - m) * beta1)
//   v' = beta2 * v + (1 - beta2) * g * g
//   param' = (1 - lr * weight_decay) * param - (lr / bias1) * m' / (sqrt(v') / sqrt(bias2) + eps)
//
// All in the type of param. bias1 = 1 - beta1^t and bias2 = 1 - beta2^t come from the host, t = 1
// at the first applied update; they, lr and grad_scale are scalars (shape []).
#pragma once

#include "base/options/option.h"
#include "ops/core/emitter.h"

namespace lockstep::ops {

struct AdamwAttrs {
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
  double weight_decay = 0.01;

  template <typename V>
  void Visit(V&& v) {
    v("beta1", beta1, Says("decay of the mean of gradients").Within(kBelowOne));
    v("beta2", beta2, Says("decay of the mean of squared gradients").Within(kBelowOne));
    v("eps", eps, Says("added to the root of that mean").Within(kNotNegative));
    v("weight_decay", weight_decay,
      Says("share of a weight taken away a step, times the learning rate").Within(kNotNegative));
  }
};

}  // namespace lockstep::ops
