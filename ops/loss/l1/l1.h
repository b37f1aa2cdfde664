// SPDX-License-Identifier: Apache-2.0
// Absolute error: the loss of an element is |x - t|, its slope at 0 is 0, as PyTorch's
// (ops/core/elementwise_loss.h).
#pragma once

#include "ops/core/elementwise_loss.h"

namespace lockstep::ops::l1 {

struct L1 {
  using Options = NoAttrs;
  static constexpr char kName[] = "l1", kGradName[] = "l1_grad";
  static double Loss(const NoAttrs&, double x, double t) { return x < t ? t - x : x - t; }
  static double Slope(const NoAttrs&, double x, double t) {
    const double d = x - t;
    return d > 0.0 ? 1.0 : d < 0.0 ? -1.0 : d;  // NaN stays NaN
  }
};

}  // namespace lockstep::ops::l1
