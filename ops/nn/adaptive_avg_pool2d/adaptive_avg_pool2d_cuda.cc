// SPDX-License-Identifier: Apache-2.0
#include "ops/core/cuda_kernel.h"
#include "ops/nn/adaptive_avg_pool2d/adaptive_avg_pool2d.h"

namespace lockstep::ops::adaptive_avg_pool2d {
namespace {

// Its windows follow from the sizes of x and y alone.
gpu::PoolShape SizesOf(const Shape& x, const Shape& y) {
  return {.n = x[0], .h = x[1], .w = x[2], .c = x[3], .p = y[1], .q = y[2]};
}

void Plan(const AdaptiveAvgPool2dAttrs&, const NodeSpec& node, GpuPlan* plan) {
  const Shape &x = node.in[0].shape, &y = node.out[0].shape;
  plan->Launch("adaptive_avg_pool2d_f32", GridFor(y.elements()), In(0), Out(0), y.elements(),
               SizesOf(x, y));
}

void PlanGrad(const AdaptiveAvgPool2dGradAttrs&, const NodeSpec& node, GpuPlan* plan) {
  const Shape &x = node.out[0].shape, &y = node.in[0].shape;
  plan->Launch("adaptive_avg_pool2d_grad_f32", GridFor(x.elements()), In(0), Out(0), x.elements(),
               SizesOf(x, y));
}

}  // namespace

void RegisterCuda(OpRegistry& registry) {
  registry.AddKernel("adaptive_avg_pool2d", CudaKernel<AdaptiveAvgPool2dAttrs>({.plan = Plan}));
  registry.AddKernel("adaptive_avg_pool2d_grad",
                     CudaKernel<AdaptiveAvgPool2dGradAttrs>({.plan = PlanGrad}));
}

}  // namespace lockstep::ops::adaptive_avg_pool2d
