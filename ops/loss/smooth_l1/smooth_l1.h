// SPDX-License-Identifier: Apache-2.0
// Smooth L1 (Girshick, "Fast R-CNN", 2015), as PyTorch's: with d = |x - t| the loss of an element
// is d^2 / (2 beta) where d < beta, else d - beta / 2 (ops/core/elementwise_loss.h). beta = 0 is
// L1, whose slope at 0 is 0.
#pragma once

#include "ops/core/elementwise_loss.h"

namespace lockstep::ops::smooth_l1 {

struct SmoothL1Options {
  double beta = 1.0;

  template <typename V>
  void Visit(V&& v) {
    v("beta", beta,
      Says("difference below which the loss is quadratic; 0: L1").Within(kNotNegative));
  }
};

struct SmoothL1 {
  using Options = SmoothL1Options;
  static constexpr char kName[] = "smooth_l1", kGradName[] = "smooth_l1_grad";
  static double Loss(const Options& o, double x, double t) {
    const double d = x < t ? t - x : x - t;
    return d < o.beta ? d * d / (2.0 * o.beta) : d - o.beta / 2.0;
  }
  static double Slope(const Options& o, double x, double t) {
    const double d = x - t;
    if (d > -o.beta && d < o.beta) return d / o.beta;
    return d > 0.0 ? 1.0 : d < 0.0 ? -1.0 : d;  // NaN stays NaN
  }
};

}  // namespace lockstep::ops::smooth_l1
