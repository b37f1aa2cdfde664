// SPDX-License-Identifier: Apache-2.0
#include "ops/core/gpu_elementwise_loss.h"
#include "ops/loss/bce_with_logits/bce_with_logits.h"

namespace lockstep::ops::bce_with_logits {
namespace {

void Plan(const NoAttrs&, const NodeSpec& node, GpuPlan* plan) {
  PlanElementwiseLoss("bce_with_logits_f32", node, plan);
}

void PlanGrad(const NoAttrs&, const NodeSpec& node, GpuPlan* plan) {
  PlanElementwiseLossGrad("bce_with_logits_grad_f32", node, plan);
}

}  // namespace

void RegisterCuda(OpRegistry& registry) {
  registry.AddKernel("bce_with_logits", CudaKernel<NoAttrs>({.plan = Plan}));
  registry.AddKernel("bce_with_logits_grad", CudaKernel<NoAttrs>({.plan = PlanGrad}));
}

}  // namespace lockstep::ops::bce_with_logits
