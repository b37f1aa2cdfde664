// SPDX-License-Identifier: Apache-2.0
// y[..., k] = x[..., k] * f_k: a factor of its own for each place in the last dimension, of any
// shape of rank 1 or more. The factors are attributes, rounded to x's type first. dx = dy * f_k.
#pragma once

#include <vector>

#include "ops/core/emitter.h"

namespace lockstep::ops {

struct ScaleColumnsAttrs {
  std::vector<double> factors;

  template <typename V>
  void Visit(V&& v) {
    v("factors", factors);
  }
};

Value ScaleColumns(Emitter* e, Value x, const ScaleColumnsAttrs& attrs);

}  // namespace lockstep::ops
