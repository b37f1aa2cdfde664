// SPDX-License-Identifier: Apache-2.0
// Mean squared error: the loss of an element is (x - t)^2 (ops/core/elementwise_loss.h).
#pragma once

#include "ops/core/elementwise_loss.h"

namespace lockstep::ops::mse {

struct Mse {
  using Options = NoAttrs;
  static constexpr char kName[] = "mse", kGradName[] = "mse_grad";
  static double Loss(const NoAttrs&, double x, double t) { return (x - t) * (x - t); }
  static double Slope(const NoAttrs&, double x, double t) { return 2.0 * (x - t); }
};

}  // namespace lockstep::ops::mse
