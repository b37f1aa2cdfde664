// SPDX-License-Identifier: Apache-2.0
#include "ops/optim/adamw/adamw.h"

#include "base/math.h"
#include "ops/core/expect.h"
#include "ops/core/registry.h"
#include "ops/optim/adamw/adamw_cpu.h"

namespace lockstep::ops::adamw {
namespace {

// (param, grad, m, v, lr, grad_scale, bias1, bias2) -> param', m', v'.
Result<TensorTypes> Infer(const AdamwAttrs& attrs, std::span<const TensorType> in) {
  RETURN_IF_ERROR(ExpectInputs(in, 8));
  RETURN_IF_ERROR(CheckOptions(attrs, "adamw"));
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

Cost UpdateCost(const AdamwAttrs&, const NodeSpec& node) {
  return {16 * node.in[0].shape.elements(), BytesMoved(node)};
}

double Bias1(const AdamwAttrs& options, int64_t updates) {
  return 1.0 - math::Pow(options.beta1, static_cast<double>(updates));
}
double Bias2(const AdamwAttrs& options, int64_t updates) {
  return 1.0 - math::Pow(options.beta2, static_cast<double>(updates));
}

Sample MakeSample(std::string name, const AdamwAttrs& attrs, int64_t n) {
  const SampleInput vector = {{DType::kFloat32, {n}}};
  const SampleInput square = {{DType::kFloat32, {n}}, Fill::kPositive};
  const SampleInput scalar = {{DType::kFloat32, {}}, Fill::kPositive};
  return {std::move(name),
          Pack(attrs),
          {vector, vector, vector, square, scalar, scalar, scalar, scalar}};
}

}  // namespace

void Register(OpRegistry& registry) {
  registry.Add<AdamwAttrs>(
      {.name = "adamw",
       .infer = Infer,
       .reference_f32 = Reference<float>,
       .reference_f64 = Reference<double>,
       .may_alias = {{0, 0}, {2, 1}, {3, 2}},
       .cost = UpdateCost,
       .samples = {MakeSample("plain", {}, 13), MakeSample("no_decay", {.weight_decay = 0.0}, 7),
                   MakeSample("decay", {0.9, 0.99, 1e-8, 0.3}, 9),
                   MakeSample("low_beta1", {0.3, 0.9, 1e-3, 0.1}, 5), MakeSample("empty", {}, 0)}});
  registry.AddOptimizer<AdamwAttrs>(
      {.name = "adamw",
       .doc = "Adam with decoupled weight decay (Loshchilov and Hutter, 2019)",
       .slots = {"exp_avg", "exp_avg_sq"},
       .scalars = {{"bias1", Bias1}, {"bias2", Bias2}}});
}

}  // namespace lockstep::ops::adamw
