// SPDX-License-Identifier: Apache-2.0
// Binary cross-entropy of logits: with p = sigmoid(x) the loss of an element is
// -t log p - (1 - t) log(1 - p), computed as max(x, 0) - x t + log(1 + e^-|x|), which is finite for
// every x (ops/core/elementwise_loss.h). t is in [0, 1]. The slope is p - t.
#pragma once

#include "base/math.h"
#include "ops/core/elementwise_loss.h"

namespace lockstep::ops::bce_with_logits {

struct BceWithLogits {
  using Options = NoAttrs;
  static constexpr char kName[] = "bce_with_logits", kGradName[] = "bce_with_logits_grad";
  static double Loss(const NoAttrs&, double x, double t) {
    const double below = x > 0.0 ? -x : x;
    return (x - below) / 2.0 - x * t + math::Log(1.0 + math::Exp(below));
  }
  static double Slope(const NoAttrs&, double x, double t) {
    return 1.0 / (1.0 + math::Exp(-x)) - t;
  }
};

}  // namespace lockstep::ops::bce_with_logits
