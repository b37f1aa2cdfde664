// SPDX-License-Identifier: Apache-2.0
#include "ops/optim/rmsprop/rmsprop.h"

#include "ops/core/registry.h"
#include "ops/core/update_rule.h"
#include "ops/optim/rmsprop/rmsprop_cpu.h"

namespace lockstep::ops::rmsprop {
namespace {

bool NeedsSlot(const RmspropAttrs& options, std::string_view slot) {
  if (slot == "momentum_buffer") return options.momentum > 0.0;
  if (slot == "grad_avg") return options.centered;
  return true;
}

Result<TensorTypes> Infer(const RmspropAttrs& attrs, std::span<const TensorType> in) {
  const bool momentum = attrs.momentum > 0.0;
  if (momentum && attrs.centered) {
    return InferUpdate(attrs, "rmsprop", {"square_avg", "momentum_buffer", "grad_avg"}, {}, in);
  }
  if (momentum) return InferUpdate(attrs, "rmsprop", {"square_avg", "momentum_buffer"}, {}, in);
  if (attrs.centered) return InferUpdate(attrs, "rmsprop", {"square_avg", "grad_avg"}, {}, in);
  return InferUpdate(attrs, "rmsprop", {"square_avg"}, {}, in);
}

Cost UpdateCost(const RmspropAttrs& attrs, const NodeSpec& node) {
  const int64_t an_element = 9 + (attrs.weight_decay != 0.0 ? 2 : 0) + (attrs.centered ? 5 : 0) +
                             (attrs.momentum > 0.0 ? 2 : 0);
  return {an_element * node.in[0].shape.elements(), BytesMoved(node)};
}

}  // namespace

void Register(OpRegistry& registry) {
  constexpr Fill kSquare = Fill::kPositive, kOther = Fill::kNormal;
  registry.Add<RmspropAttrs>(
      {.name = "rmsprop",
       .infer = Infer,
       .reference_f32 = Reference<float>,
       .reference_f64 = Reference<double>,
       .may_alias = {{0, 0}, {2, 1}},
       .cost = UpdateCost,
       .samples = {
           UpdateSample<RmspropAttrs>("plain", {}, 13, {kSquare}, 0),
           UpdateSample<RmspropAttrs>("momentum", {.momentum = 0.9}, 7, {kSquare, kOther}, 0),
           UpdateSample<RmspropAttrs>("centered", {.alpha = 0.3, .eps = 0.1, .centered = true}, 19,
                                      {kSquare, kOther}, 0),
           UpdateSample<RmspropAttrs>("all", {0.9, 0.1, 0.8, 5e-2, true}, 9,
                                      {kSquare, kOther, kOther}, 0),
           UpdateSample<RmspropAttrs>("empty", {}, 0, {kSquare}, 0)}});
  registry.AddOptimizer<RmspropAttrs>({.name = "rmsprop",
                                       .doc = "RMSProp (Tieleman and Hinton, 2012)",
                                       .slots = {"square_avg", "momentum_buffer", "grad_avg"},
                                       .needs_slot = NeedsSlot});
}

}  // namespace lockstep::ops::rmsprop
