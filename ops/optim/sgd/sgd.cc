// SPDX-License-Identifier: Apache-2.0
#include "ops/optim/sgd/sgd.h"

#include "ops/core/expect.h"
#include "ops/core/registry.h"
#include "ops/optim/sgd/sgd_cpu.h"

namespace lockstep::ops {

SgdOut Sgd(Emitter* e, Value param, Value grad, Value velocity, Value lr, Value grad_scale,
           const SgdAttrs& attrs) {
  const Value in[] = {param, grad, velocity, lr, grad_scale};
  const std::vector<Value> out = e->Emit("sgd", Pack(attrs), in);
  return {out[0], out[1]};
}

namespace sgd {
namespace {

std::optional<OptionConflict> FindConflict(const SgdAttrs& options) {
  if (!options.nesterov || options.momentum > 0.0) return std::nullopt;
  return OptionConflict{{"nesterov", "momentum"},
                        "optimizer.nesterov needs optimizer.momentum above 0"};
}

// (param, grad, velocity, lr, grad_scale) -> param', velocity'.
Result<TensorTypes> Infer(const SgdAttrs& attrs, std::span<const TensorType> in) {
  RETURN_IF_ERROR(ExpectInputs(in, 5));
  RETURN_IF_ERROR(CheckOptions(attrs, "sgd"));
  if (const auto conflict = FindConflict(attrs)) return InvalidArgument(conflict->message);
  RETURN_IF_ERROR(ExpectFloat(in[0], "param"));
  RETURN_IF_ERROR(ExpectRank(in[0], 1, "param"));
  RETURN_IF_ERROR(ExpectSame(in[0], in[1], "param and grad"));
  RETURN_IF_ERROR(ExpectSame(in[0], in[2], "param and velocity"));
  RETURN_IF_ERROR(ExpectScalar(in[3], in[0].dtype, "lr"));
  RETURN_IF_ERROR(ExpectScalar(in[4], in[0].dtype, "grad_scale"));
  return TensorTypes{in[0], in[0]};
}

Cost UpdateCost(const SgdAttrs& attrs, const NodeSpec& node) {
  const int64_t an_element = 5 + (attrs.weight_decay != 0.0 ? 2 : 0) + (attrs.nesterov ? 2 : 0);
  return {an_element * node.in[0].shape.elements(), BytesMoved(node)};
}

Sample MakeSample(std::string name, const SgdAttrs& attrs, int64_t n) {
  const SampleInput vector = {{DType::kFloat32, {n}}};
  const SampleInput scalar = {{DType::kFloat32, {}}, Fill::kPositive};
  return {std::move(name), Pack(attrs), {vector, vector, vector, scalar, scalar}};
}

}  // namespace

void Register(OpRegistry& registry) {
  registry.Add<SgdAttrs>(
      {.name = "sgd",
       .infer = Infer,
       .reference_f32 = Reference<float>,
       .reference_f64 = Reference<double>,
       .may_alias = {{0, 0}, {2, 1}},
       .cost = UpdateCost,
       .samples = {MakeSample("plain", {0.0, 0.0, false}, 7),
                   MakeSample("momentum", {0.9, 0.0, false}, 13),
                   MakeSample("decay", {0.9, 5e-2, false}, 9),
                   MakeSample("nesterov", {0.8, 1e-2, true}, 11), MakeSample("empty", {}, 0)}});
  registry.AddOptimizer<SgdAttrs>({.name = "sgd",
                                   .doc = "stochastic gradient descent with momentum",
                                   .slots = {"momentum_buffer"},
                                   .needs_lr = false,
                                   .conflict = FindConflict});
}

}  // namespace sgd
}  // namespace lockstep::ops
