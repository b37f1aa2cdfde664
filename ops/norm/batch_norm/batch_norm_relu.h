// SPDX-License-Identifier: Apache-2.0
// Fused: batch normalisation, an optional sum with a residual (He et al., 2016), and ReLU, in one
// pass over memory instead of three. x (..., C), residual of its type, statistics as in batch_norm.
//
//   y = max(0, batch_norm(x) [+ residual])
//
// batch_norm_relu_train (x, gamma, beta[, residual]) -> y, mean, unbiased_var, inv_std.
//
// batch_norm_relu_grad (x, gamma, beta, mean, inv_std, dy) -> dx, dgamma, dbeta: batch_norm_grad's
// of dy where batch_norm(x) > 0, of 0 elsewhere. The sign is found again from x, which the sums
// read anyway, so that y is not read.
//
// batch_norm_add_relu_grad (x, gamma, mean, inv_std, y, dy) -> dx, dgamma, dbeta, dresidual:
// dresidual = dy where y > 0, else 0; dx, dgamma and dbeta are batch_norm_grad's of that.
//
// batch_norm_relu_infer (x, gamma, beta, running_mean, running_var[, residual]) -> y.
#pragma once

#include "ops/core/emitter.h"

namespace lockstep::ops {

// Only the two ops that normalise have these attributes; the gradients have none.
struct BatchNormReluAttrs {
  double eps = 1e-5;      // added to the variance, > 0
  bool residual = false;  // whether there is one

  template <typename V>
  void Visit(V&& v) {
    v("eps", eps);
    v("residual", residual);
  }
};

class OpRegistry;
namespace batch_norm {
void RegisterRelu(OpRegistry& registry);
}  // namespace batch_norm

}  // namespace lockstep::ops
