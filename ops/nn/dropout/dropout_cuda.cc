// SPDX-License-Identifier: Apache-2.0
#include "ops/core/cuda_kernel.h"
#include "ops/core/kept_mask.h"
#include "ops/nn/dropout/dropout.h"

namespace lockstep::ops::dropout {
namespace {

void Plan(const DropoutAttrs& attrs, const NodeSpec& node, GpuPlan* plan) {
  const int64_t n = node.out[0].shape.elements();
  plan->Launch("dropout_f32", GridFor(n), In(0), Out(0), Out(1), n, GpuDraws{kDropoutPurpose},
               LeastKept(attrs.p), KeptFactor<float>(attrs.p));
}

void PlanGrad(const DropoutAttrs& attrs, const NodeSpec& node, GpuPlan* plan) {
  const int64_t n = node.out[0].shape.elements();
  plan->Launch("dropout_grad_f32", GridFor(n), In(0), In(1), Out(0), n, KeptFactor<float>(attrs.p));
}

}  // namespace

void RegisterCuda(OpRegistry& registry) {
  registry.AddKernel("dropout", CudaKernel<DropoutAttrs>({.plan = Plan}));
  registry.AddKernel("dropout_grad", CudaKernel<DropoutAttrs>({.plan = PlanGrad}));
}

}  // namespace lockstep::ops::dropout
