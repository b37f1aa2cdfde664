// SPDX-License-Identifier: Apache-2.0
#include "ops/core/cuda_kernel.h"
#include "ops/core/gpu_sums.h"

namespace lockstep::ops::softmax {
namespace {

void Plan(const NoAttrs&, const NodeSpec& node, GpuPlan* plan) {
  const RowsOfChannels v(node.in[0].shape);
  plan->Launch("softmax_f32", GridOfBlocks(v.rows), In(0), Out(0), v.rows, v.channels);
}

void PlanGrad(const NoAttrs&, const NodeSpec& node, GpuPlan* plan) {
  const RowsOfChannels v(node.in[0].shape);
  plan->Launch("softmax_grad_f32", GridOfBlocks(v.rows), In(0), In(1), Out(0), v.rows, v.channels);
}

}  // namespace

void RegisterCuda(OpRegistry& registry) {
  registry.AddKernel("softmax", CudaKernel<NoAttrs>({.plan = Plan}));
  registry.AddKernel("softmax_grad", CudaKernel<NoAttrs>({.plan = PlanGrad}));
}

}  // namespace lockstep::ops::softmax
