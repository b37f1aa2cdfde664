// SPDX-License-Identifier: Apache-2.0
// What Adam and AdamW have in common: the two means of a gradient's moments and the step made of
// them (ops/optim/adam/adam.h). A is the attributes of the op: beta1, beta2, eps, weight_decay. The
// two ops differ in where the decay of weights goes: into the gradient, or into the parameter
// before the step.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/math.h"
#include "base/options/option.h"
#include "ops/core/expect.h"
#include "ops/core/op.h"
#include "ops/core/sample.h"

namespace lockstep::ops {

// The shape rule: (param, grad, m, v, lr, grad_scale, bias1, bias2) -> param', m', v'.
template <typename A>
Result<TensorTypes> InferMoments(const A& attrs, const char* op, std::span<const TensorType> in) {
  RETURN_IF_ERROR(ExpectInputs(in, 8));
  RETURN_IF_ERROR(CheckOptions(attrs, op));
  RETURN_IF_ERROR(ExpectFloat(in[0], "param"));
  RETURN_IF_ERROR(ExpectRank(in[0], 1, "param"));
  RETURN_IF_ERROR(ExpectSame(in[0], in[1], "param and grad"));
  RETURN_IF_ERROR(ExpectSame(in[0], in[2], "param and m"));
  RETURN_IF_ERROR(ExpectSame(in[0], in[3], "param and v"));
  constexpr std::string_view kScalars[] = {"lr", "grad_scale", "bias1", "bias2"};
  for (size_t i = 0; i < 4; ++i) {
    RETURN_IF_ERROR(ExpectScalar(in[4 + i], in[0].dtype, kScalars[i]));
  }
  return TensorTypes{in[0], in[0], in[0]};
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
  const SampleInput vector = {{DType::kFloat32, {n}}};
  const SampleInput square = {{DType::kFloat32, {n}}, Fill::kPositive};
  const SampleInput scalar = {{DType::kFloat32, {}}, Fill::kPositive};
  return {std::move(name),
          Pack(attrs),
          {vector, vector, vector, square, scalar, scalar, scalar, scalar}};
}

}  // namespace lockstep::ops
