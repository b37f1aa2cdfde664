// SPDX-License-Identifier: Apache-2.0
#include "ops/core/cuda_kernel.h"
#include "ops/optim/adamw/adamw.h"

namespace lockstep::ops::adamw {
namespace {

void Plan(const AdamwAttrs& attrs, const NodeSpec& node, GpuPlan* plan) {
  const int64_t n = node.out[0].shape.elements();
  const gpu::Moments moments = {1.0 - attrs.beta1, static_cast<float>(attrs.beta2),
                                static_cast<float>(1.0 - attrs.beta2),
                                static_cast<float>(attrs.eps)};
  plan->Launch("adamw_f32", GridFor(n), In(0), In(1), In(2), In(3), In(4), In(5), In(6), In(7),
               Out(0), Out(1), Out(2), n, moments, static_cast<float>(attrs.weight_decay));
}

}  // namespace

void RegisterCuda(OpRegistry& registry) {
  registry.AddKernel("adamw", CudaKernel<AdamwAttrs>({.plan = Plan}));
}

}  // namespace lockstep::ops::adamw
