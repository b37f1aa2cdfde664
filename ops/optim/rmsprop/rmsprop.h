// SPDX-License-Identifier: Apache-2.0
// RMSProp (Tieleman and Hinton, 2012, lecture 6.5 of "Neural Networks for Machine Learning"), as
// torch.optim.RMSprop computes it, for a block of parameters of any length n:
//
//   g = grad * grad_scale + weight_decay * param
//   s' = alpha * s + (1 - alpha) * g * g                 s: square_avg
//   a' = alpha * a + (1 - alpha) * g                     a: grad_avg, where centered
//   d = sqrt(s') + eps, or sqrt(s' - a' * a') + eps where centered
//   b' = momentum * b + g / d                            b: momentum_buffer, where momentum > 0
//   param' = param - lr * b', or param - lr * g / d without momentum
//
// All in the type of param. A difference s' - a' * a' that rounds below 0 counts as 0 (PyTorch:
// NaN). Slots that the options do not name are no arguments: (param, grad, square_avg,
// [momentum_buffer,] [grad_avg,] lr, grad_scale).
#pragma once

#include "base/options/option.h"
#include "ops/core/emitter.h"

namespace lockstep::ops {

struct RmspropAttrs {
  double alpha = 0.99;
  double eps = 1e-8;
  double momentum = 0.0;
  double weight_decay = 0.0;
  bool centered = false;

  template <typename V>
  void Visit(V&& v) {
    v("alpha", alpha, Says("decay of the mean of squared gradients").Within(kBelowOne));
    v("eps", eps, Says("added to the root of that mean").Within(kPositive));
    v("momentum", momentum, Says("share of the last update kept").Within(kBelowOne));
    v("weight_decay", weight_decay, Says("L2 penalty added to the gradient").Within(kNotNegative));
    v("centered", centered, Says("divide by the root of the variance instead"));
  }
};

}  // namespace lockstep::ops
