// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "ops/core/cuda_kernel.h"
#include "ops/core/gpu_sums.h"
#include "ops/loss/pixel_cross_entropy/pixel_cross_entropy.h"
#include "ops/loss/pixel_cross_entropy/pixel_cross_entropy_gpu.h"

namespace lockstep::ops::pixel_cross_entropy {
namespace {

gpu::PixelLoss LossOf(const PixelCrossEntropyAttrs& attrs) {
  gpu::PixelLoss loss = {
      attrs.ignore, attrs.gamma, attrs.alpha, static_cast<int64_t>(attrs.class_weights.size()), {}};
  std::copy(attrs.class_weights.begin(), attrs.class_weights.end(), loss.weights);
  return loss;
}

void Plan(const PixelCrossEntropyAttrs& attrs, const NodeSpec& node, GpuPlan* plan) {
  const RowsOfChannels pixels(node.in[0].shape);
  const GpuOperand losses = plan->Scratch<double>(pixels.rows);
  const GpuOperand weights = plan->Scratch<double>(pixels.rows);
  plan->Launch("pixel_cross_entropy_f32", GridFor(pixels.rows), In(0), In(1), Out(2), losses,
               weights, pixels.rows, pixels.channels, LossOf(attrs));
  PlanSumOfDoubles(plan, pixels.rows, losses, Out(0));
  PlanSumOfDoubles(plan, pixels.rows, weights, Out(1));
}

void PlanGrad(const PixelCrossEntropyAttrs& attrs, const NodeSpec& node, GpuPlan* plan) {
  const RowsOfChannels pixels(node.in[0].shape);
  plan->Launch("pixel_cross_entropy_grad_f32", GridFor(pixels.rows), In(0), In(1), In(2), Out(0),
               pixels.rows, pixels.channels, LossOf(attrs));
}

Status Supports(const PixelCrossEntropyAttrs& attrs, const NodeSpec&) {
  if (attrs.class_weights.size() <= static_cast<size_t>(gpu::kMostClassWeights)) {
    return OkStatus();
  }
  return FailedPrecondition("takes at most " + std::to_string(gpu::kMostClassWeights) +
                            " class weights; there are " +
                            std::to_string(attrs.class_weights.size()));
}

}  // namespace

void RegisterCuda(OpRegistry& registry) {
  registry.AddKernel("pixel_cross_entropy",
                     CudaKernel<PixelCrossEntropyAttrs>({.plan = Plan, .supports = Supports}));
  registry.AddKernel("pixel_cross_entropy_grad",
                     CudaKernel<PixelCrossEntropyAttrs>({.plan = PlanGrad, .supports = Supports}));
}

}  // namespace lockstep::ops::pixel_cross_entropy
