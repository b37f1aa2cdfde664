// SPDX-License-Identifier: Apache-2.0
#include "ops/core/cuda_kernel.h"
#include "ops/core/gpu_pool_plan.h"
#include "ops/nn/avg_pool2d/avg_pool2d.h"

namespace lockstep::ops::avg_pool2d {
namespace {

void Plan(const AvgPool2dAttrs& attrs, const NodeSpec& node, GpuPlan* plan) {
  const Shape &x = node.in[0].shape, &y = node.out[0].shape;
  plan->Launch("avg_pool2d_f32", GridFor(y.elements()), In(0), Out(0), y.elements(),
               PoolShapeOf(attrs, x, y), int32_t{attrs.count_include_pad});
}

void PlanGrad(const AvgPool2dGradAttrs& attrs, const NodeSpec& node, GpuPlan* plan) {
  const Shape &x = node.out[0].shape, &y = node.in[0].shape;
  plan->Launch("avg_pool2d_grad_f32", GridFor(x.elements()), In(0), Out(0), x.elements(),
               PoolShapeOf(attrs, x, y), int32_t{attrs.count_include_pad});
}

void PlanTanhGrad(const AvgPool2dGradAttrs& attrs, const NodeSpec& node, GpuPlan* plan) {
  const Shape &x = node.out[0].shape, &y = node.in[0].shape;
  plan->Launch("avg_pool2d_tanh_grad_f32", GridFor(x.elements()), In(0), In(1), Out(0),
               x.elements(), PoolShapeOf(attrs, x, y), int32_t{attrs.count_include_pad});
}

}  // namespace

void RegisterCuda(OpRegistry& registry) {
  registry.AddKernel("avg_pool2d", CudaKernel<AvgPool2dAttrs>({.plan = Plan}));
  registry.AddKernel("avg_pool2d_grad", CudaKernel<AvgPool2dGradAttrs>({.plan = PlanGrad}));
  registry.AddKernel("avg_pool2d_tanh_grad",
                     CudaKernel<AvgPool2dGradAttrs>({.plan = PlanTanhGrad}));
}

}  // namespace lockstep::ops::avg_pool2d
