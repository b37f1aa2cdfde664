// SPDX-License-Identifier: Apache-2.0
#include "ops/core/cuda_kernel.h"
#include "ops/norm/batch_norm_totals/batch_norm_totals.h"

namespace lockstep::ops::batch_norm_totals {
namespace {

void Plan(const BatchNormTotalsAttrs& attrs, const NodeSpec& node, GpuPlan* plan) {
  const int64_t channels = node.in[0].shape[0];
  const double count = attrs.elements >= 2 ? static_cast<double>(attrs.elements) : 0.0;
  plan->Launch("store_f64", GridFor(1), Out(0), count);
  plan->Launch("batch_norm_total_f32", GridFor(channels), In(0), Out(1), channels, count);
  plan->Launch("batch_norm_total_f32", GridFor(channels), In(1), Out(2), channels, count);
}

}  // namespace

void RegisterCuda(OpRegistry& registry) {
  registry.AddKernel("batch_norm_totals", CudaKernel<BatchNormTotalsAttrs>({.plan = Plan}));
}

}  // namespace lockstep::ops::batch_norm_totals
