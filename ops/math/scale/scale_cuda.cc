// SPDX-License-Identifier: Apache-2.0
#include "ops/core/cuda_kernel.h"

namespace lockstep::ops::scale {
namespace {

void Plan(const NoAttrs&, const NodeSpec& node, GpuPlan* plan) {
  const bool wide = node.in[1].dtype == DType::kFloat64;
  PlanElements<2>(wide ? "scale_f32_by_f64" : "scale_f32", node, plan);
}

}  // namespace

void RegisterCuda(OpRegistry& registry) {
  registry.AddKernel("scale", CudaKernel<NoAttrs>({.plan = Plan}));
}

}  // namespace lockstep::ops::scale
