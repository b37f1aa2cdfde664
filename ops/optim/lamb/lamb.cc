// SPDX-License-Identifier: Apache-2.0
#include "ops/optim/lamb/lamb.h"

#include "ops/core/moments.h"
#include "ops/core/registry.h"
#include "ops/optim/lamb/lamb_cpu.h"

namespace lockstep::ops::lamb {
namespace {

Result<TensorTypes> Infer(const LambAttrs& attrs, std::span<const TensorType> in) {
  return InferUpdate(attrs, "lamb", {"exp_avg", "exp_avg_sq"},
                     {"bias1", "bias2", "param_norm", "step_norm"}, in);
}

Result<TensorTypes> InferMeasure(const LambAttrs& attrs, std::span<const TensorType> in) {
  RETURN_IF_ERROR(
      CheckUpdateInputs(attrs, "lamb_measure", {"exp_avg", "exp_avg_sq"}, {"bias1", "bias2"}, in));
  return TensorTypes{{DType::kFloat64, {2}}};
}

Cost UpdateCost(const LambAttrs&, const NodeSpec& node) {
  return {17 * node.in[0].shape.elements(), BytesMoved(node)};
}

Cost MeasureCost(const LambAttrs&, const NodeSpec& node) {
  return {19 * node.in[0].shape.elements(), BytesMoved(node)};
}

Sample MakeSample(std::string name, const LambAttrs& attrs, int64_t n, size_t norms) {
  return UpdateSample(std::move(name), attrs, n, {Fill::kNormal, Fill::kPositive}, 2 + norms);
}

}  // namespace

void Register(OpRegistry& registry) {
  registry.Add<LambAttrs>({.name = "lamb",
                           .infer = Infer,
                           .reference_f32 = Reference<float>,
                           .reference_f64 = Reference<double>,
                           .may_alias = {{0, 0}, {2, 1}, {3, 2}},
                           .cost = UpdateCost,
                           .samples = {MakeSample("plain", {}, 13, 2),
                                       MakeSample("no_decay", {.weight_decay = 0.0}, 7, 2),
                                       MakeSample("always", {0.5, 0.9, 1e-3, 0.0, true}, 9, 2),
                                       MakeSample("empty", {}, 0, 2)}});
  registry.Add<LambAttrs>({.name = "lamb_measure",
                           .infer = InferMeasure,
                           .reference_f32 = Measure<float>,
                           .reference_f64 = Measure<double>,
                           .cost = MeasureCost,
                           .samples = {MakeSample("plain", {}, 13, 0),
                                       MakeSample("long", {.weight_decay = 0.3}, 700, 0),
                                       MakeSample("empty", {}, 0, 0)}});
  registry.AddOptimizer<LambAttrs>(
      {.name = "lamb",
       .doc = "LAMB (You et al., 2020)",
       .slots = {"exp_avg", "exp_avg_sq"},
       .scalars = {{"bias1", Bias1<LambAttrs>}, {"bias2", Bias2<LambAttrs>}},
       .norms = {"param_norm", "step_norm"},
       .measure = "lamb_measure"});
}

}  // namespace lockstep::ops::lamb
