// SPDX-License-Identifier: Apache-2.0
#include "ops/optim/lars/lars.h"

#include "ops/core/registry.h"
#include "ops/core/update_rule.h"
#include "ops/optim/lars/lars_cpu.h"

namespace lockstep::ops::lars {
namespace {

Result<TensorTypes> Infer(const LarsAttrs& attrs, std::span<const TensorType> in) {
  return InferUpdate(attrs, "lars", {"momentum_buffer"}, {"param_norm", "grad_norm"}, in);
}

Result<TensorTypes> InferMeasure(const LarsAttrs& attrs, std::span<const TensorType> in) {
  RETURN_IF_ERROR(CheckUpdateInputs(attrs, "lars_measure", {"momentum_buffer"}, {}, in));
  return TensorTypes{{DType::kFloat64, {2}}};
}

Cost UpdateCost(const LarsAttrs&, const NodeSpec& node) {
  return {8 * node.in[0].shape.elements(), BytesMoved(node)};
}

Cost MeasureCost(const LarsAttrs&, const NodeSpec& node) {
  return {5 * node.in[0].shape.elements(), BytesMoved(node)};
}

Sample MakeSample(std::string name, const LarsAttrs& attrs, int64_t n, size_t norms) {
  return UpdateSample(std::move(name), attrs, n, {Fill::kNormal}, norms);
}

}  // namespace

void Register(OpRegistry& registry) {
  registry.Add<LarsAttrs>({.name = "lars",
                           .infer = Infer,
                           .reference_f32 = Reference<float>,
                           .reference_f64 = Reference<double>,
                           .may_alias = {{0, 0}, {2, 1}},
                           .cost = UpdateCost,
                           .samples = {MakeSample("plain", {}, 13, 2),
                                       MakeSample("adapted", {0.8, 5e-2, 0.3, 1e-3, false}, 9, 2),
                                       MakeSample("always", {.always_adapt = true}, 7, 2),
                                       MakeSample("empty", {}, 0, 2)}});
  registry.Add<LarsAttrs>({.name = "lars_measure",
                           .infer = InferMeasure,
                           .reference_f32 = Measure<float>,
                           .reference_f64 = Measure<double>,
                           .cost = MeasureCost,
                           .samples = {MakeSample("plain", {}, 13, 0),
                                       MakeSample("long", {.weight_decay = 0.1}, 700, 0),
                                       MakeSample("empty", {}, 0, 0)}});
  registry.AddOptimizer<LarsAttrs>({.name = "lars",
                                    .doc = "LARS (You, Gitman and Ginsburg, 2017)",
                                    .slots = {"momentum_buffer"},
                                    .norms = {"param_norm", "grad_norm"},
                                    .measure = "lars_measure"});
}

}  // namespace lockstep::ops::lars
