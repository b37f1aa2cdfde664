// SPDX-License-Identifier: Apache-2.0
#include "ops/core/cuda_kernel.h"
#include "ops/core/kept_mask.h"
#include "ops/nn/dropout2d/dropout2d.h"

namespace lockstep::ops::dropout2d {
namespace {

void PlanKeep(const DropoutAttrs& attrs, const Shape& x, const GpuOperand& mask, GpuPlan* plan) {
  const int64_t n = x.elements();
  plan->Launch("dropout2d_keep_f32", GridFor(n), In(0), mask, Out(0), n, x[1] * x[2], x[3],
               KeptFactor<float>(attrs.p));
}

void Plan(const DropoutAttrs& attrs, const NodeSpec& node, GpuPlan* plan) {
  const int64_t numbers = node.out[1].shape.elements();
  plan->Launch("dropout2d_mask_f32", GridFor(numbers), Out(1), numbers, GpuDraws{kDropoutPurpose},
               LeastKept(attrs.p));
  PlanKeep(attrs, node.in[0].shape, Out(1), plan);
}

void PlanGrad(const DropoutAttrs& attrs, const NodeSpec& node, GpuPlan* plan) {
  PlanKeep(attrs, node.in[0].shape, In(1), plan);
}

}  // namespace

void RegisterCuda(OpRegistry& registry) {
  registry.AddKernel("dropout2d", CudaKernel<DropoutAttrs>({.plan = Plan}));
  registry.AddKernel("dropout2d_grad", CudaKernel<DropoutAttrs>({.plan = PlanGrad}));
}

}  // namespace lockstep::ops::dropout2d
