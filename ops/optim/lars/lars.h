// SPDX-License-Identifier: Apache-2.0
// LARS, layer-wise adaptive rate scaling (You, Gitman and Ginsburg, 2017): SGD with momentum whose
// step for a parameter is as long as a share of the parameter's norm. For a block of any length n
// of a parameter whose norm is |w| and whose gradient's norm is |g|, both of the whole parameter:
//
//   g = grad * grad_scale
//   trust = trust_coefficient * |w| / (|g| + weight_decay * |w| + eps); 1 where |w| or |g| is 0
//   v' = momentum * v + trust * (g + weight_decay * param)
//   param' = param - lr * v'
//
// All in the type of param. The rate is outside of the momentum, as in torch.optim.SGD. Where
// weight_decay is 0 trust is 1 (as the paper's authors do for biases and norms) unless always_adapt
// says otherwise. `lars_measure` gives |w|^2 and |g|^2 of a block, in double.
#pragma once

#include "base/options/option.h"
#include "ops/core/emitter.h"

namespace lockstep::ops {

struct LarsAttrs {
  double momentum = 0.9;
  double weight_decay = 0.0;
  double trust_coefficient = 0.001;
  double eps = 1e-8;
  bool always_adapt = false;

  template <typename V>
  void Visit(V&& v) {
    v("momentum", momentum, Says("share of the last update kept").Within(kBelowOne));
    v("weight_decay", weight_decay, Says("L2 penalty added to the gradient").Within(kNotNegative));
    v("trust_coefficient", trust_coefficient,
      Says("norm of a step at a rate of 1, as a share of the parameter's norm").Within(kPositive));
    v("eps", eps, Says("added to the norm that divides").Within(kNotNegative));
    v("always_adapt", always_adapt,
      Says("adapt steps also where weight_decay is 0, as groups set it for biases and norms"));
  }
};

}  // namespace lockstep::ops
