// SPDX-License-Identifier: Apache-2.0
#include "ops/core/gpu_elementwise_loss.h"
#include "ops/loss/smooth_l1/smooth_l1.h"

namespace lockstep::ops::smooth_l1 {
namespace {

void Plan(const SmoothL1Options& attrs, const NodeSpec& node, GpuPlan* plan) {
  PlanElementwiseLoss("smooth_l1_f32", node, plan, attrs.beta);
}

void PlanGrad(const SmoothL1Options& attrs, const NodeSpec& node, GpuPlan* plan) {
  PlanElementwiseLossGrad("smooth_l1_grad_f32", node, plan, attrs.beta);
}

}  // namespace

void RegisterCuda(OpRegistry& registry) {
  registry.AddKernel("smooth_l1", CudaKernel<SmoothL1Options>({.plan = Plan}));
  registry.AddKernel("smooth_l1_grad", CudaKernel<SmoothL1Options>({.plan = PlanGrad}));
}

}  // namespace lockstep::ops::smooth_l1
