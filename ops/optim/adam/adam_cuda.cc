// SPDX-License-Identifier: Apache-2.0
#include "ops/core/cuda_kernel.h"
#include "ops/optim/adam/adam.h"

namespace lockstep::ops::adam {
namespace {

void Plan(const AdamAttrs& attrs, const NodeSpec& node, GpuPlan* plan) {
  const int64_t n = node.out[0].shape.elements();
  const gpu::Moments moments = {1.0 - attrs.beta1, static_cast<float>(attrs.beta2),
                                static_cast<float>(1.0 - attrs.beta2),
                                static_cast<float>(attrs.eps)};
  plan->Launch("adam_f32", GridFor(n), In(0), In(1), In(2), In(3), In(4), In(5), In(6), In(7),
               Out(0), Out(1), Out(2), n, moments, static_cast<float>(attrs.weight_decay));
}

// A decay that a float cannot tell from 0 would be taken for none.
Status Supports(const AdamAttrs& attrs, const NodeSpec&) {
  if (attrs.weight_decay == 0.0 || static_cast<float>(attrs.weight_decay) != 0.0f) {
    return OkStatus();
  }
  return FailedPrecondition("runs with a weight decay of 0 or of at least 1e-45 only");
}

}  // namespace

void RegisterCuda(OpRegistry& registry) {
  registry.AddKernel("adam", CudaKernel<AdamAttrs>({.plan = Plan, .supports = Supports}));
}

}  // namespace lockstep::ops::adam
