// SPDX-License-Identifier: Apache-2.0
// Group normalisation (Wu and He, 2018): x (N, ..., C) with C a multiple of `groups`, gamma (C),
// beta (C). The elements of one row and of C / groups channels side by side are normalised
// together:
//
//   y = gamma (x - mean) inv_std + beta,   inv_std = 1 / sqrt(var + eps), var the biased variance
//
// Outputs: y, mean (N, groups), inv_std (N, groups). With as many groups as channels it is instance
// normalisation (Ulyanov et al., 2016); of one group over the channels of each position it is layer
// normalisation (Ba et al., 2016). No sum crosses rows, so nothing depends on the batch.
//
// group_norm_grad (x, gamma, mean, inv_std, dy) -> dx, dgamma, dbeta. Mean and inv_std are
// constants to the gradient, and their part in dx is worked out. Sums are in double: of a group
// over positions, then channels; of dgamma and dbeta over rows, then positions.
#pragma once

#include "ops/core/emitter.h"

namespace lockstep::ops {

struct GroupNormAttrs {
  int64_t groups = 1;
  double eps = 1e-5;

  template <typename V>
  void Visit(V&& v) {
    v("groups", groups);
    v("eps", eps);
  }
};

Value GroupNorm(Emitter* e, Value x, Value gamma, Value beta, const GroupNormAttrs& attrs);
// Each channel of each row by itself, without scale and shift.
Value InstanceNorm(Emitter* e, Value x, double eps = 1e-5);
// Over the channels of each position; gamma and beta (C).
Value LayerNorm(Emitter* e, Value x, Value gamma, Value beta, double eps = 1e-5);

}  // namespace lockstep::ops
