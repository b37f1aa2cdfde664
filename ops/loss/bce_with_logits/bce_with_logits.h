// SPDX-License-Identifier: Apache-2.0
// Binary cross-entropy of logits: with p = sigmoid(x) the loss of an element is
//
//   -w t log p - (1 - t) log(1 - p)
//
// where w is the positive weight of the element's label, the place in the last dimension: above 1
// it makes up for labels that few samples have. t is in [0, 1]. It is computed as max(x, 0) - x t +
// (1 + (w - 1) t) log(1 + e^-|x|) + (w - 1) t max(-x, 0), which is finite for every x
// (ops/core/elementwise_loss.h). The slope is p - t + (w - 1) t (p - 1).
#pragma once

#include <string>
#include <vector>

#include "base/math.h"
#include "ops/core/elementwise_loss.h"

namespace lockstep::ops::bce_with_logits {

struct BceOptions {
  std::vector<double> pos_weight = {1.0};

  template <typename V>
  void Visit(V&& v) {
    v("pos_weight", pos_weight,
      Says("factor of the loss of each label where a sample has it, in training, in the order of "
           "the labels; one number: of all")
          .Within(kPositive)
          .Length(1, 65535));
  }
};

struct BceWithLogits {
  using Options = BceOptions;
  static constexpr char kName[] = "bce_with_logits", kGradName[] = "bce_with_logits_grad";

  static Status CheckColumns(const BceOptions& o, int64_t columns) {
    const auto weights = static_cast<int64_t>(o.pos_weight.size());
    if (weights == 1 || weights == columns) return OkStatus();
    return InvalidArgument("loss.pos_weight has " + std::to_string(weights) +
                           " numbers; expected one for each of the " + std::to_string(columns) +
                           " labels, or one for all");
  }
  // w - 1.
  static double Extra(const BceOptions& o, int64_t column) {
    return (o.pos_weight.size() == 1 ? o.pos_weight[0]
                                     : o.pos_weight[static_cast<size_t>(column)]) -
           1.0;
  }
  static double Loss(const BceOptions& o, double x, double t, int64_t column) {
    const double below = x > 0.0 ? -x : x;  // -|x|
    const double extra = Extra(o, column) * t;
    return (x - below) / 2.0 - x * t + (1.0 + extra) * math::Log(1.0 + math::Exp(below)) -
           extra * ((x + below) / 2.0);
  }
  static double Slope(const BceOptions& o, double x, double t, int64_t column) {
    const double p = 1.0 / (1.0 + math::Exp(-x));
    return p - t + Extra(o, column) * t * (p - 1.0);
  }
};

}  // namespace lockstep::ops::bce_with_logits
