// SPDX-License-Identifier: Apache-2.0
#include "ops/optim/lion/lion.h"

#include "ops/core/registry.h"
#include "ops/core/update_rule.h"
#include "ops/optim/lion/lion_cpu.h"

namespace lockstep::ops::lion {
namespace {

Result<TensorTypes> Infer(const LionAttrs& attrs, std::span<const TensorType> in) {
  return InferUpdate(attrs, "lion", {"exp_avg"}, {}, in);
}

Cost UpdateCost(const LionAttrs&, const NodeSpec& node) {
  return {11 * node.in[0].shape.elements(), BytesMoved(node)};
}

Sample MakeSample(std::string name, const LionAttrs& attrs, int64_t n) {
  return UpdateSample(std::move(name), attrs, n, {Fill::kNormal}, 0);
}

}  // namespace

void Register(OpRegistry& registry) {
  registry.Add<LionAttrs>(
      {.name = "lion",
       .infer = Infer,
       .reference_f32 = Reference<float>,
       .reference_f64 = Reference<double>,
       .may_alias = {{0, 0}, {2, 1}},
       .cost = UpdateCost,
       .samples = {MakeSample("plain", {}, 13), MakeSample("decay", {0.5, 0.8, 0.3}, 9),
                   MakeSample("empty", {}, 0)}});
  registry.AddOptimizer<LionAttrs>(
      {.name = "lion", .doc = "Lion (Chen et al., 2023)", .slots = {"exp_avg"}});
}

}  // namespace lockstep::ops::lion
