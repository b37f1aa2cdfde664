// SPDX-License-Identifier: Apache-2.0
#include "ops/core/cuda_kernel.h"

namespace lockstep::ops::stop_gradient {
namespace {

void Plan(const NoAttrs&, const NodeSpec& node, GpuPlan* plan) {
  PlanElements<1>("copy_f32", node, plan);
}

}  // namespace

void RegisterCuda(OpRegistry& registry) {
  registry.AddKernel("stop_gradient", CudaKernel<NoAttrs>({.plan = Plan}));
}

}  // namespace lockstep::ops::stop_gradient
