// SPDX-License-Identifier: Apache-2.0
#include "ops/core/cuda_kernel.h"

namespace lockstep::ops::relu {
namespace {

void Plan(const NoAttrs&, const NodeSpec& node, GpuPlan* plan) {
  PlanElements<1>("relu_f32", node, plan);
}
void PlanGrad(const NoAttrs&, const NodeSpec& node, GpuPlan* plan) {
  PlanElements<2>("relu_grad_f32", node, plan);
}

}  // namespace

void RegisterCuda(OpRegistry& registry) {
  registry.AddKernel("relu", CudaKernel<NoAttrs>({.plan = Plan}));
  registry.AddKernel("relu_grad", CudaKernel<NoAttrs>({.plan = PlanGrad}));
}

}  // namespace lockstep::ops::relu
