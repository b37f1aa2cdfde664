// SPDX-License-Identifier: Apache-2.0
#include "ops/core/cuda_kernel.h"
#include "ops/optim/sgd/sgd.h"

namespace lockstep::ops::sgd {
namespace {

void Plan(const SgdAttrs& attrs, const NodeSpec& node, GpuPlan* plan) {
  const int64_t n = node.out[0].shape.elements();
  plan->Launch("sgd_f32", GridFor(n), In(0), In(1), In(2), In(3), In(4), Out(0), Out(1), n,
               static_cast<float>(attrs.momentum), static_cast<float>(attrs.weight_decay),
               int32_t{attrs.nesterov});
}

// A decay that a float cannot tell from 0 would be taken for none.
Status Supports(const SgdAttrs& attrs, const NodeSpec&) {
  if (attrs.weight_decay == 0.0 || static_cast<float>(attrs.weight_decay) != 0.0f) {
    return OkStatus();
  }
  return FailedPrecondition("runs with a weight decay of 0 or of at least 1e-45 only");
}

}  // namespace

void RegisterCuda(OpRegistry& registry) {
  registry.AddKernel("sgd", CudaKernel<SgdAttrs>({.plan = Plan, .supports = Supports}));
}

}  // namespace lockstep::ops::sgd
