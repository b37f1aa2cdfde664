// SPDX-License-Identifier: Apache-2.0
// What one pixel adds to the loss, and its gradient, from its log-probability.
#pragma once

#include <limits>

#include "base/math.h"
#include "ops/core/mask_target.h"
#include "ops/loss/pixel_cross_entropy/pixel_cross_entropy.h"

namespace lockstep::ops::pixel_cross_entropy {

inline constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

inline double WeightOf(const PixelCrossEntropyAttrs& a, int32_t label) {
  return a.class_weights[a.class_weights.size() == 1 ? 0 : static_cast<size_t>(label)];
}

// (1 - p)^gamma; `rest` is 1 - p.
inline double Focus(double rest, double gamma) {
  if (gamma == 0.0) return 1.0;
  if (gamma == 2.0) return rest * rest;
  return rest > 0.0 ? math::Pow(rest, gamma) : rest == 0.0 ? 0.0 : kNaN;
}

// d loss / d (log p) of alpha w (1 - p)^gamma (-log p): with r = 1 - p it is
// alpha w (gamma p r^(gamma - 1) log p - r^gamma).
inline double Slope(const PixelCrossEntropyAttrs& a, double weight, double p) {
  const double rest = 1.0 - p;
  if (a.gamma == 0.0) return -a.alpha * weight;
  if (!(p > 0.0)) return p == 0.0 ? -a.alpha * weight : kNaN;  // p log p -> 0
  if (rest == 0.0) return 0.0;  // gamma > 0: both terms vanish, since log p does
  const double focus = Focus(rest, a.gamma);
  return a.alpha * weight * (a.gamma * p * (focus / rest) * math::Log(p) - focus);
}

}  // namespace lockstep::ops::pixel_cross_entropy
