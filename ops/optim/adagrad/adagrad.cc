// SPDX-License-Identifier: Apache-2.0
#include "ops/optim/adagrad/adagrad.h"

#include "ops/core/registry.h"
#include "ops/core/update_rule.h"
#include "ops/optim/adagrad/adagrad_cpu.h"

namespace lockstep::ops::adagrad {
namespace {

double Slowing(const AdagradAttrs& options, int64_t updates) {
  return 1.0 + static_cast<double>(updates - 1) * options.lr_decay;
}

Result<TensorTypes> Infer(const AdagradAttrs& attrs, std::span<const TensorType> in) {
  return InferUpdate(attrs, "adagrad", {"sum"}, {"slowing"}, in);
}

Cost UpdateCost(const AdagradAttrs& attrs, const NodeSpec& node) {
  const int64_t an_element = 9 + (attrs.weight_decay != 0.0 ? 2 : 0);
  return {an_element * node.in[0].shape.elements(), BytesMoved(node)};
}

Sample MakeSample(std::string name, const AdagradAttrs& attrs, int64_t n) {
  return UpdateSample(std::move(name), attrs, n, {Fill::kPositive}, 1);
}

}  // namespace

void Register(OpRegistry& registry) {
  registry.Add<AdagradAttrs>(
      {.name = "adagrad",
       .infer = Infer,
       .reference_f32 = Reference<float>,
       .reference_f64 = Reference<double>,
       .may_alias = {{0, 0}, {2, 1}},
       .cost = UpdateCost,
       .samples = {MakeSample("plain", {}, 13), MakeSample("decay", {.weight_decay = 5e-2}, 7),
                   MakeSample("initial", {.initial_accumulator_value = 0.7, .eps = 0.5}, 5),
                   MakeSample("empty", {}, 0)}});
  registry.AddOptimizer<AdagradAttrs>({.name = "adagrad",
                                       .doc = "AdaGrad (Duchi, Hazan and Singer, 2011)",
                                       .slots = {"sum"},
                                       .scalars = {{"slowing", Slowing}}});
}

}  // namespace lockstep::ops::adagrad
