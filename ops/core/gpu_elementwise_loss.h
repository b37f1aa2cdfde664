// SPDX-License-Identifier: Apache-2.0
// Plans of the losses of ops/core/elementwise_loss.h on a GPU. `more`: further parameters of the
// kernel, the loss's options.
#pragma once

#include "ops/core/cuda_kernel.h"
#include "ops/core/gpu_sums.h"

namespace lockstep::ops {

// (x, t) -> the sum of the losses that the kernel writes for each element, and their number.
template <typename... More>
void PlanElementwiseLoss(const char* kernel, const NodeSpec& node, GpuPlan* plan,
                         const More&... more) {
  const int64_t n = node.in[0].shape.elements();
  const GpuOperand losses = plan->Scratch<double>(n);
  plan->Launch(kernel, GridFor(n), In(0), In(1), losses, n, more...);
  PlanSumOfDoubles(plan, n, losses, Out(0));
  plan->Launch("store_f64", GridFor(1), Out(1), static_cast<double>(n));
}

// (x, t, dnumerator) -> dx.
template <typename... More>
void PlanElementwiseLossGrad(const char* kernel, const NodeSpec& node, GpuPlan* plan,
                             const More&... more) {
  const int64_t n = node.in[0].shape.elements();
  plan->Launch(kernel, GridFor(n), In(0), In(1), In(2), Out(0), n, more...);
}

}  // namespace lockstep::ops
