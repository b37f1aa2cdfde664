// SPDX-License-Identifier: Apache-2.0
#include "ops/core/cuda_kernel.h"
#include "ops/core/gpu_pool_plan.h"
#include "ops/nn/max_pool2d/max_pool2d.h"

namespace lockstep::ops::max_pool2d {
namespace {

void Plan(const MaxPool2dAttrs& attrs, const NodeSpec& node, GpuPlan* plan) {
  const Shape &x = node.in[0].shape, &y = node.out[0].shape;
  plan->Launch("max_pool2d_f32", GridFor(y.elements()), In(0), Out(0), Out(1), y.elements(),
               PoolShapeOf(attrs, x, y));
}

void PlanGrad(const MaxPool2dGradAttrs& attrs, const NodeSpec& node, GpuPlan* plan) {
  const Shape &x = node.out[0].shape, &y = node.in[1].shape;
  plan->Launch("max_pool2d_grad_f32", GridFor(x.elements()), In(0), In(1), Out(0), x.elements(),
               PoolShapeOf(attrs, x, y));
}

void PlanGather(const MaxPool2dAttrs& attrs, const NodeSpec& node, GpuPlan* plan) {
  const Shape &x = node.in[1].shape, &y = node.out[0].shape;
  plan->Launch("max_pool2d_gather_f32", GridFor(y.elements()), In(0), In(1), Out(0), y.elements(),
               PoolShapeOf(attrs, x, y));
}

}  // namespace

void RegisterCuda(OpRegistry& registry) {
  registry.AddKernel("max_pool2d", CudaKernel<MaxPool2dAttrs>({.plan = Plan}));
  registry.AddKernel("max_pool2d_grad", CudaKernel<MaxPool2dGradAttrs>({.plan = PlanGrad}));
  registry.AddKernel("max_pool2d_gather", CudaKernel<MaxPool2dAttrs>({.plan = PlanGather}));
}

}  // namespace lockstep::ops::max_pool2d
