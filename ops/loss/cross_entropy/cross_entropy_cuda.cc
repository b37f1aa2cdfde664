// SPDX-License-Identifier: Apache-2.0
#include "ops/core/cuda_kernel.h"
#include "ops/core/gpu_sums.h"
#include "ops/loss/cross_entropy/cross_entropy.h"

namespace lockstep::ops::cross_entropy {
namespace {

void Plan(const CrossEntropyAttrs& attrs, const NodeSpec& node, GpuPlan* plan) {
  const int64_t rows = node.in[0].shape[0], classes = node.in[0].shape[1];
  const GpuOperand losses = plan->Scratch<double>(rows);
  plan->Launch("cross_entropy_f32", GridOfBlocks(rows), In(0), In(1), Out(2), losses, rows, classes,
               attrs.label_smoothing);
  PlanSumOfDoubles(plan, rows, losses, Out(0));
  plan->Launch("store_f64", GridFor(1), Out(1), static_cast<double>(rows));
}

void PlanGrad(const CrossEntropyAttrs& attrs, const NodeSpec& node, GpuPlan* plan) {
  const int64_t n = node.out[0].shape.elements(), classes = node.out[0].shape[1];
  const double other = attrs.label_smoothing / static_cast<double>(classes);
  const double own = 1.0 - attrs.label_smoothing + other;
  plan->Launch("cross_entropy_grad_f32", GridFor(n), In(0), In(1), In(2), Out(0), n, classes, own,
               other);
}

}  // namespace

void RegisterCuda(OpRegistry& registry) {
  registry.AddKernel("cross_entropy", CudaKernel<CrossEntropyAttrs>({.plan = Plan}));
  registry.AddKernel("cross_entropy_grad", CudaKernel<CrossEntropyAttrs>({.plan = PlanGrad}));
}

}  // namespace lockstep::ops::cross_entropy
