// SPDX-License-Identifier: Apache-2.0
#include "ops/optim/adam/adam.h"

#include "base/math.h"
#include "ops/core/expect.h"
#include "ops/core/registry.h"
#include "ops/optim/adam/adam_cpu.h"

namespace lockstep::ops {

AdamOut Adam(Emitter* e, Value param, Value grad, Value m, Value v, Value lr, Value grad_scale,
             Value bias1, Value bias2, const AdamAttrs& attrs) {
  const Value in[] = {param, grad, m, v, lr, grad_scale, bias1, bias2};
  const std::vector<Value> out = e->Emit("adam", Pack(attrs), in);
  return {out[0], out[1], out[2]};
}

namespace adam {
namespace {

// (param, grad, m, v, lr, grad_scale, bias1, bias2) -> param', m', v'.
Result<TensorTypes> Infer(const AdamAttrs& attrs, std::span<const TensorType> in) {
  RETURN_IF_ERROR(ExpectInputs(in, 8));
  RETURN_IF_ERROR(CheckOptions(attrs, "adam"));
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

Cost UpdateCost(const AdamAttrs& attrs, const NodeSpec& node) {
  const int64_t an_element = 15 + (attrs.weight_decay != 0.0 ? 2 : 0);
  return {an_element * node.in[0].shape.elements(), BytesMoved(node)};
}

double Bias1(const AdamAttrs& options, int64_t updates) {
  return 1.0 - math::Pow(options.beta1, static_cast<double>(updates));
}
double Bias2(const AdamAttrs& options, int64_t updates) {
  return 1.0 - math::Pow(options.beta2, static_cast<double>(updates));
}

Sample MakeSample(std::string name, const AdamAttrs& attrs, int64_t n) {
  const SampleInput vector = {{DType::kFloat32, {n}}};
  const SampleInput square = {{DType::kFloat32, {n}}, Fill::kPositive};
  const SampleInput scalar = {{DType::kFloat32, {}}, Fill::kPositive};
  return {std::move(name),
          Pack(attrs),
          {vector, vector, vector, square, scalar, scalar, scalar, scalar}};
}

}  // namespace

void Register(OpRegistry& registry) {
  registry.Add<AdamAttrs>(
      {.name = "adam",
       .infer = Infer,
       .reference_f32 = Reference<float>,
       .reference_f64 = Reference<double>,
       .may_alias = {{0, 0}, {2, 1}, {3, 2}},
       .cost = UpdateCost,
       .samples = {MakeSample("plain", {}, 13), MakeSample("decay", {0.9, 0.99, 1e-8, 5e-2}, 7),
                   MakeSample("low_beta1", {0.3, 0.9, 1e-3, 0.0}, 5), MakeSample("empty", {}, 0)}});
  registry.AddOptimizer<AdamAttrs>({.name = "adam",
                                    .doc = "Adam (Kingma and Ba, 2015)",
                                    .slots = {"exp_avg", "exp_avg_sq"},
                                    .scalars = {{"bias1", Bias1}, {"bias2", Bias2}}});
}

}  // namespace adam
}  // namespace lockstep::ops
