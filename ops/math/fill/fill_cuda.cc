// SPDX-License-Identifier: Apache-2.0
#include "ops/core/cuda_kernel.h"
#include "ops/math/fill/fill.h"

namespace lockstep::ops::fill {
namespace {

void Plan(const FillAttrs& attrs, const NodeSpec& node, GpuPlan* plan) {
  const int64_t n = node.out[0].shape.elements();
  plan->Launch("fill_f32", GridFor(n), Out(0), static_cast<float>(attrs.value), n);
}

}  // namespace

void RegisterCuda(OpRegistry& registry) {
  registry.AddKernel("fill", CudaKernel<FillAttrs>({.plan = Plan}));
}

}  // namespace lockstep::ops::fill
