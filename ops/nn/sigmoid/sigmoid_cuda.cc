// SPDX-License-Identifier: Apache-2.0
#include "ops/core/cuda_kernel.h"

namespace lockstep::ops::sigmoid {
namespace {

void Plan(const NoAttrs&, const NodeSpec& node, GpuPlan* plan) {
  PlanElements<1>("sigmoid_f32", node, plan);
}
void PlanGrad(const NoAttrs&, const NodeSpec& node, GpuPlan* plan) {
  PlanElements<2>("sigmoid_grad_f32", node, plan);
}

}  // namespace

void RegisterCuda(OpRegistry& registry) {
  registry.AddKernel("sigmoid", CudaKernel<NoAttrs>({.plan = Plan}));
  registry.AddKernel("sigmoid_grad", CudaKernel<NoAttrs>({.plan = PlanGrad}));
}

}  // namespace lockstep::ops::sigmoid
