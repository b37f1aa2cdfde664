// SPDX-License-Identifier: Apache-2.0
#include "ops/core/gpu_elementwise_loss.h"
#include "ops/loss/mse/mse.h"

namespace lockstep::ops::mse {
namespace {

void Plan(const NoAttrs&, const NodeSpec& node, GpuPlan* plan) {
  PlanElementwiseLoss("mse_f32", node, plan);
}

void PlanGrad(const NoAttrs&, const NodeSpec& node, GpuPlan* plan) {
  PlanElementwiseLossGrad("mse_grad_f32", node, plan);
}

}  // namespace

void RegisterCuda(OpRegistry& registry) {
  registry.AddKernel("mse", CudaKernel<NoAttrs>({.plan = Plan}));
  registry.AddKernel("mse_grad", CudaKernel<NoAttrs>({.plan = PlanGrad}));
}

}  // namespace lockstep::ops::mse
