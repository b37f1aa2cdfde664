// SPDX-License-Identifier: Apache-2.0
// AdaGrad (Duchi, Hazan and Singer, 2011), as torch.optim.Adagrad computes it, for a block of
// parameters of any length n:
//
//   g = grad * grad_scale + weight_decay * param
//   s' = s + g * g
//   param' = param - (lr / slowing) * g / (sqrt(s' + initial_accumulator_value) + eps)
//
// All in the type of param. slowing = 1 + (t - 1) lr_decay comes from the host, t = 1 at the first
// applied update. PyTorch's state `sum` has the initial value in it; here it begins at 0, as every
// slot does, so that what lies behind the end of a parameter stays 0.
#pragma once

#include "base/options/option.h"
#include "ops/core/emitter.h"

namespace lockstep::ops {

struct AdagradAttrs {
  double lr_decay = 0.0;
  double weight_decay = 0.0;
  double initial_accumulator_value = 0.0;
  double eps = 1e-10;

  template <typename V>
  void Visit(V&& v) {
    v("lr_decay", lr_decay,
      Says("the rate of update t is divided by 1 + (t - 1) lr_decay").Within(kNotNegative));
    v("weight_decay", weight_decay, Says("L2 penalty added to the gradient").Within(kNotNegative));
    v("initial_accumulator_value", initial_accumulator_value,
      Says("what the sum of squared gradients starts at").Within(kNotNegative));
    v("eps", eps, Says("added to the root of that sum").Within(kPositive));
  }
};

}  // namespace lockstep::ops
