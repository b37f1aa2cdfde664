// SPDX-License-Identifier: Apache-2.0
// What Adam and AdamW have in common: the two means of a gradient's moments and the step made of
// them (ops/optim/adam/adam.h). A is the attributes of the op: beta1, beta2, eps, weight_decay. The
// two ops differ in where the decay of weights goes: into the gradient, or into the parameter
// before the step.
#pragma once

#include <string>
#include <utility>

#include "base/math.h"
#include "ops/core/update_rule.h"

namespace lockstep::ops {

// The shape rule: (param, grad, m, v, lr, grad_scale, bias1, bias2) -> param', m', v'.
template <typename A>
Result<TensorTypes> InferMoments(const A& attrs, const char* op, std::span<const TensorType> in) {
  return InferUpdate(attrs, op, {"m", "v"}, {"bias1", "bias2"}, in);
}

// The scalars of a step: what the means are divided by, since they start at zero.
template <typename A>
double Bias1(const A& options, int64_t updates) {
  return 1.0 - math::Pow(options.beta1, static_cast<double>(updates));
}
template <typename A>
double Bias2(const A& options, int64_t updates) {
  return 1.0 - math::Pow(options.beta2, static_cast<double>(updates));
}

// A block of n parameters.
template <typename A>
Sample MomentsSample(std::string name, const A& attrs, int64_t n) {
  return UpdateSample(std::move(name), attrs, n, {Fill::kNormal, Fill::kPositive}, 2);
}

}  // namespace lockstep::ops
