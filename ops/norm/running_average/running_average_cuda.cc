// SPDX-License-Identifier: Apache-2.0
#include "ops/core/cuda_kernel.h"
#include "ops/norm/running_average/running_average.h"

namespace lockstep::ops::running_average {
namespace {

void Plan(const RunningAverageAttrs& attrs, const NodeSpec& node, GpuPlan* plan) {
  const int64_t n = node.out[0].shape.elements();
  plan->Launch("running_average_f32", GridFor(n), In(0), In(1), In(2), Out(0), n,
               static_cast<float>(1.0 - attrs.momentum), static_cast<float>(attrs.momentum));
}

}  // namespace

void RegisterCuda(OpRegistry& registry) {
  registry.AddKernel("running_average", CudaKernel<RunningAverageAttrs>({.plan = Plan}));
}

}  // namespace lockstep::ops::running_average
