// SPDX-License-Identifier: Apache-2.0
#include "ops/core/cuda_kernel.h"
#include "ops/core/gpu_sums.h"

namespace lockstep::ops::bias_add {
namespace {

void Plan(const NoAttrs&, const NodeSpec& node, GpuPlan* plan) {
  const int64_t n = node.out[0].shape.elements();
  plan->Launch("bias_add_f32", GridFor(n), In(0), In(1), Out(0), n, node.in[1].shape[0]);
}

void PlanGrad(const NoAttrs&, const NodeSpec& node, GpuPlan* plan) {
  PlanSumOfRows(plan, RowsOfChannels(node.in[0].shape), In(0), Out(0), /*wide=*/false);
}

}  // namespace

void RegisterCuda(OpRegistry& registry) {
  registry.AddKernel("bias_add", CudaKernel<NoAttrs>({.plan = Plan}));
  registry.AddKernel("bias_grad", CudaKernel<NoAttrs>({.plan = PlanGrad}));
}

}  // namespace lockstep::ops::bias_add
