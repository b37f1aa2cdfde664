// SPDX-License-Identifier: Apache-2.0
#include <vector>

#include "ops/core/gpu_elementwise_loss.h"
#include "ops/loss/bce_with_logits/bce_with_logits.h"

namespace lockstep::ops::bce_with_logits {
namespace {

// The kernels know no weights.
Status Supports(const BceOptions& options, const NodeSpec&) {
  if (options.pos_weight == std::vector<double>{1.0}) return OkStatus();
  return FailedPrecondition("runs with pos_weight 1 only");
}

void Plan(const BceOptions&, const NodeSpec& node, GpuPlan* plan) {
  PlanElementwiseLoss("bce_with_logits_f32", node, plan);
}

void PlanGrad(const BceOptions&, const NodeSpec& node, GpuPlan* plan) {
  PlanElementwiseLossGrad("bce_with_logits_grad_f32", node, plan);
}

}  // namespace

void RegisterCuda(OpRegistry& registry) {
  registry.AddKernel("bce_with_logits",
                     CudaKernel<BceOptions>({.plan = Plan, .supports = Supports}));
  registry.AddKernel("bce_with_logits_grad",
                     CudaKernel<BceOptions>({.plan = PlanGrad, .supports = Supports}));
}

}  // namespace lockstep::ops::bce_with_logits
