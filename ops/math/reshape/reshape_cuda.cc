// SPDX-License-Identifier: Apache-2.0
#include "ops/core/cuda_kernel.h"
#include "ops/math/reshape/reshape.h"

namespace lockstep::ops::reshape {
namespace {

void Plan(const ReshapeAttrs&, const NodeSpec& node, GpuPlan* plan) {
  PlanElements<1>("copy_f32", node, plan);
}

}  // namespace

void RegisterCuda(OpRegistry& registry) {
  registry.AddKernel("reshape", CudaKernel<ReshapeAttrs>({.plan = Plan}));
}

}  // namespace lockstep::ops::reshape
