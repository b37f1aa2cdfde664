// SPDX-License-Identifier: Apache-2.0
#include "ops/core/cuda_kernel.h"

namespace lockstep::ops::tanh {
namespace {

void Plan(const NoAttrs&, const NodeSpec& node, GpuPlan* plan) {
  PlanElements<1>("tanh_f32", node, plan);
}
void PlanGrad(const NoAttrs&, const NodeSpec& node, GpuPlan* plan) {
  PlanElements<2>("tanh_grad_f32", node, plan);
}

}  // namespace

void RegisterCuda(OpRegistry& registry) {
  registry.AddKernel("tanh", CudaKernel<NoAttrs>({.plan = Plan}));
  registry.AddKernel("tanh_grad", CudaKernel<NoAttrs>({.plan = PlanGrad}));
}

}  // namespace lockstep::ops::tanh
