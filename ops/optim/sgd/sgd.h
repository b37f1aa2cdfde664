// SPDX-License-Identifier: Apache-2.0
// Stochastic gradient descent with momentum, as torch.optim.SGD (2.x, dampening 0) computes it, for
// a block of parameters of any length n:
//
//   g = grad * grad_scale + weight_decay * param
//   velocity' = momentum * velocity + g
//   d = nesterov ? g + momentum * velocity' : velocity'
//   param' = param - lr * d
//
// All in the type of param. lr and grad_scale are scalars (shape []), so a schedule changes no
// plan.
#pragma once

#include "base/options/option.h"
#include "ops/core/emitter.h"

namespace lockstep::ops {

struct SgdAttrs {
  double momentum = 0.9;
  double weight_decay = 0.0;
  bool nesterov = false;

  template <typename V>
  void Visit(V&& v) {
    v("momentum", momentum, Says("share of the last update kept").Within(kBelowOne));
    v("weight_decay", weight_decay, Says("L2 penalty added to the gradient").Within(kNotNegative));
    v("nesterov", nesterov, Says("Nesterov momentum"));
  }
};

struct SgdOut {
  Value param;
  Value velocity;
};

// param, grad and velocity (n); the results may overwrite param and velocity.
SgdOut Sgd(Emitter* e, Value param, Value grad, Value velocity, Value lr, Value grad_scale,
           const SgdAttrs& attrs);

}  // namespace lockstep::ops
