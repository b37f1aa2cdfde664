// SPDX-License-Identifier: Apache-2.0
#include "ops/optim/adam/adam.h"

#include "ops/core/moments.h"
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

Result<TensorTypes> Infer(const AdamAttrs& attrs, std::span<const TensorType> in) {
  return InferMoments(attrs, "adam", in);
}

Cost UpdateCost(const AdamAttrs& attrs, const NodeSpec& node) {
  const int64_t an_element = 15 + (attrs.weight_decay != 0.0 ? 2 : 0);
  return {an_element * node.in[0].shape.elements(), BytesMoved(node)};
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
       .samples = {MomentsSample<AdamAttrs>("plain", {}, 13),
                   MomentsSample<AdamAttrs>("decay", {0.9, 0.99, 1e-8, 5e-2}, 7),
                   MomentsSample<AdamAttrs>("low_beta1", {0.3, 0.9, 1e-3, 0.0}, 5),
                   MomentsSample<AdamAttrs>("empty", {}, 0)}});
  registry.AddOptimizer<AdamAttrs>(
      {.name = "adam",
       .doc = "Adam (Kingma and Ba, 2015)",
       .slots = {"exp_avg", "exp_avg_sq"},
       .scalars = {{"bias1", Bias1<AdamAttrs>}, {"bias2", Bias2<AdamAttrs>}}});
}

}  // namespace adam
}  // namespace lockstep::ops
