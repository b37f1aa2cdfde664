// SPDX-License-Identifier: Apache-2.0
// Batch normalisation (Ioffe and Szegedy, 2015) over all axes but the last: x (..., C), with M
// elements per channel.
//
//   y = (x - mean) * inv_std * gamma + beta,  inv_std = 1 / sqrt(var + eps)
//
// batch_norm_train (x, gamma, beta) -> y, mean, unbiased_var, inv_std: statistics of this batch,
// (C) each, of x's type. They take two passes in double (mean, then var = sum of squared
// differences / M) and are rounded once. unbiased_var = var * M / (M - 1) is what the running state
// takes; 0 with M < 2. The statistics are constants to the gradient: nothing flows through them.
// Where there are no rows, mean and var are 0.
//
// batch_norm_grad (x, gamma, mean, inv_std, dy) -> dx, dgamma, dbeta: sums in double.
//
// batch_norm_infer (x, gamma, beta, running_mean, running_var) -> y: fixed statistics, for
// evaluations and for frozen layers.
//
// batch_norm_infer_grad (x, gamma, running_mean, running_var, dy) -> dx, dgamma, dbeta,
// drunning_mean, drunning_var. With xhat = (x - mean) * inv_std and sums over the M elements:
// dx = dy * gamma * inv_std, dgamma = sum dy * xhat, dbeta = sum dy,
// dmean = -gamma * inv_std * dbeta, dvar = -gamma * inv_std^2 * dgamma / 2. Sums in double.
#pragma once

#include "ops/core/emitter.h"

namespace lockstep::ops {

struct BatchNormAttrs {
  double eps = 1e-5;  // added to the variance, > 0

  template <typename V>
  void Visit(V&& v) {
    v("eps", eps);
  }
};

struct BatchNormOut {
  Value y;
  Value mean;  // (C)
  Value var;   // (C), unbiased
};

BatchNormOut BatchNormTrain(Emitter* e, Value x, Value gamma, Value beta, double eps);
Value BatchNormInfer(Emitter* e, Value x, Value gamma, Value beta, Value running_mean,
                     Value running_var, double eps);

}  // namespace lockstep::ops
