// SPDX-License-Identifier: Apache-2.0
#include "ops/optim/adamw/adamw.h"

#include "ops/core/moments.h"
#include "ops/core/registry.h"
#include "ops/optim/adamw/adamw_cpu.h"

namespace lockstep::ops::adamw {
namespace {

Result<TensorTypes> Infer(const AdamwAttrs& attrs, std::span<const TensorType> in) {
  return InferMoments(attrs, "adamw", in);
}

Cost UpdateCost(const AdamwAttrs&, const NodeSpec& node) {
  return {16 * node.in[0].shape.elements(), BytesMoved(node)};
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
       .samples = {MomentsSample<AdamwAttrs>("plain", {}, 13),
                   MomentsSample<AdamwAttrs>("no_decay", {.weight_decay = 0.0}, 7),
                   MomentsSample<AdamwAttrs>("decay", {0.9, 0.99, 1e-8, 0.3}, 9),
                   MomentsSample<AdamwAttrs>("low_beta1", {0.3, 0.9, 1e-3, 0.1}, 5),
                   MomentsSample<AdamwAttrs>("empty", {}, 0)}});
  registry.AddOptimizer<AdamwAttrs>(
      {.name = "adamw",
       .doc = "Adam with decoupled weight decay (Loshchilov and Hutter, 2019)",
       .slots = {"exp_avg", "exp_avg_sq"},
       .scalars = {{"bias1", Bias1<AdamwAttrs>}, {"bias2", Bias2<AdamwAttrs>}}});
}

}  // namespace lockstep::ops::adamw
