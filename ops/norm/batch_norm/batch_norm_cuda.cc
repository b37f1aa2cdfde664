// SPDX-License-Identifier: Apache-2.0
#include "ops/core/cuda_kernel.h"
#include "ops/core/gpu_sums.h"
#include "ops/norm/batch_norm/batch_norm.h"
#include "ops/norm/batch_norm/batch_norm_relu.h"

namespace lockstep::ops::batch_norm {
namespace {

// Two numbers a channel, in double: mean and inv_std, or dgamma and dbeta.
struct Pair {
  GpuOperand first, second;

  Pair(int64_t channels, GpuPlan* plan)
      : first(plan->Scratch<double>(channels)), second(plan->Scratch<double>(channels)) {}
};

// y = batch_norm(x) [+ residual] and ReLU, as `kernel` does it.
void PlanNormalise(const RowsOfChannels& v, const Pair& statistics, bool relu, int32_t residual,
                   GpuPlan* plan) {
  const int64_t n = v.rows * v.channels;
  if (residual >= 0) {
    plan->Launch("batch_norm_add_relu_f32", GridFor(n), In(0), statistics.first, statistics.second,
                 In(1), In(2), Out(0), n, v.channels, In(residual));
  } else {
    plan->Launch(relu ? "batch_norm_relu_f32" : "batch_norm_f32", GridFor(n), In(0),
                 statistics.first, statistics.second, In(1), In(2), Out(0), n, v.channels);
  }
}

// Mean, then the squares about it, then y.
void PlanTrain(const NodeSpec& node, double eps, bool relu, int32_t residual, GpuPlan* plan) {
  const RowsOfChannels v(node.in[0].shape);
  const SumParts parts(v);
  const double share = v.rows == 0 ? 0.0 : 1.0 / static_cast<double>(v.rows);
  const Pair statistics(v.channels, plan);
  const GpuOperand var = plan->Scratch<double>(v.channels);
  const GpuOperand squares = plan->Scratch<double>(parts.elements());
  PlanSumOfRows(plan, v, In(0), statistics.first, /*wide=*/true, share);
  plan->Launch("batch_norm_squares_f32", GridFor(parts.elements()), In(0), statistics.first,
               squares, v.rows, v.channels, parts.rows_of_part, parts.parts);
  PlanSumOfParts(plan, parts, squares, var, /*wide=*/true, share);
  plan->Launch("batch_norm_statistics_f32", GridFor(v.channels), statistics.first, var, Out(1),
               Out(2), Out(3), statistics.second, v.channels, static_cast<double>(v.rows), eps);
  PlanNormalise(v, statistics, relu, residual, plan);
}

void PlanInfer(const NodeSpec& node, double eps, bool relu, int32_t residual, GpuPlan* plan) {
  const RowsOfChannels v(node.in[0].shape);
  const Pair statistics(v.channels, plan);
  plan->Launch("batch_norm_running_f32", GridFor(v.channels), In(3), In(4), statistics.first,
               statistics.second, v.channels, eps);
  PlanNormalise(v, statistics, relu, residual, plan);
}

// What the three gradients differ in: which inputs stand where, and the mask.
struct GradInputs {
  int32_t mean, inv_std, dy;
};

// Parts of dgamma and dbeta by `kernel`, whose last parameters are `more`; then both sums.
template <typename... More>
Pair PlanGradSums(const std::string& kernel, const RowsOfChannels& v, const GradInputs& in,
                  GpuPlan* plan, const More&... more) {
  const SumParts parts(v);
  const Pair sums(v.channels, plan);
  const GpuOperand dgamma = plan->Scratch<double>(parts.elements());
  const GpuOperand dbeta = plan->Scratch<double>(parts.elements());
  plan->Launch(kernel, GridFor(parts.elements()), In(0), In(in.mean), In(in.inv_std), In(in.dy),
               dgamma, dbeta, v.rows, v.channels, parts.rows_of_part, parts.parts, more...);
  PlanSumOfParts(plan, parts, dgamma, sums.first, /*wide=*/true);
  PlanSumOfParts(plan, parts, dbeta, sums.second, /*wide=*/true);
  return sums;
}

void PlanRounded(const RowsOfChannels& v, const Pair& sums, GpuPlan* plan) {
  plan->Launch("batch_norm_round_f32", GridFor(v.channels), sums.first, Out(1), v.channels);
  plan->Launch("batch_norm_round_f32", GridFor(v.channels), sums.second, Out(2), v.channels);
}

// dx by `kernel`, and dgamma and dbeta rounded.
template <typename... More>
void PlanGradOfX(const std::string& kernel, const RowsOfChannels& v, const GradInputs& in,
                 const Pair& sums, GpuPlan* plan, const More&... more) {
  const int64_t n = v.rows * v.channels;
  plan->Launch(kernel, GridFor(n), In(0), In(in.mean), In(in.inv_std), In(in.dy), In(1), sums.first,
               sums.second, Out(0), n, v.channels, static_cast<double>(v.rows), more...);
  PlanRounded(v, sums, plan);
}

void PlanGrad(const NoAttrs&, const NodeSpec& node, GpuPlan* plan) {
  const RowsOfChannels v(node.in[0].shape);
  const GradInputs in = {2, 3, 4};
  const Pair sums = PlanGradSums("batch_norm_grad_parts_f32", v, in, plan);
  PlanGradOfX("batch_norm_grad_f32", v, in, sums, plan);
}

void PlanReluGrad(const NoAttrs&, const NodeSpec& node, GpuPlan* plan) {
  const RowsOfChannels v(node.in[0].shape);
  const GradInputs in = {3, 4, 5};
  const Pair sums = PlanGradSums("batch_norm_relu_grad_parts_f32", v, in, plan, In(1), In(2));
  PlanGradOfX("batch_norm_relu_grad_f32", v, in, sums, plan, In(2));
}

void PlanAddReluGrad(const NoAttrs&, const NodeSpec& node, GpuPlan* plan) {
  const RowsOfChannels v(node.in[0].shape);
  const GradInputs in = {2, 3, 5};
  const Pair sums = PlanGradSums("batch_norm_add_relu_grad_parts_f32", v, in, plan, In(4));
  PlanGradOfX("batch_norm_add_relu_grad_f32", v, in, sums, plan, In(4), Out(3));
}

void PlanInferGrad(const BatchNormAttrs& attrs, const NodeSpec& node, GpuPlan* plan) {
  const RowsOfChannels v(node.in[0].shape);
  const SumParts parts(v);
  const int64_t n = v.rows * v.channels;
  const Pair statistics(v.channels, plan), sums(v.channels, plan);
  const GpuOperand dgamma = plan->Scratch<double>(parts.elements());
  const GpuOperand dbeta = plan->Scratch<double>(parts.elements());
  plan->Launch("batch_norm_running_f32", GridFor(v.channels), In(2), In(3), statistics.first,
               statistics.second, v.channels, attrs.eps);
  plan->Launch("batch_norm_infer_grad_parts_f32", GridFor(parts.elements()), In(0),
               statistics.first, statistics.second, In(4), dgamma, dbeta, v.rows, v.channels,
               parts.rows_of_part, parts.parts);
  PlanSumOfParts(plan, parts, dgamma, sums.first, /*wide=*/true);
  PlanSumOfParts(plan, parts, dbeta, sums.second, /*wide=*/true);
  plan->Launch("batch_norm_infer_grad_f32", GridFor(n), In(4), In(1), statistics.second, Out(0), n,
               v.channels);
  plan->Launch("batch_norm_running_grad_f32", GridFor(v.channels), In(1), statistics.second,
               sums.first, sums.second, Out(3), Out(4), v.channels);
  PlanRounded(v, sums, plan);
}

}  // namespace

void RegisterCuda(OpRegistry& registry) {
  registry.AddKernel("batch_norm_train",
                     CudaKernel<BatchNormAttrs>(
                         {.plan = [](const BatchNormAttrs& a, const NodeSpec& node, GpuPlan* p) {
                           PlanTrain(node, a.eps, /*relu=*/false, -1, p);
                         }}));
  registry.AddKernel("batch_norm_infer",
                     CudaKernel<BatchNormAttrs>(
                         {.plan = [](const BatchNormAttrs& a, const NodeSpec& node, GpuPlan* p) {
                           PlanInfer(node, a.eps, /*relu=*/false, -1, p);
                         }}));
  registry.AddKernel("batch_norm_relu_train",
                     CudaKernel<BatchNormReluAttrs>({.plan = [](const BatchNormReluAttrs& a,
                                                                const NodeSpec& node, GpuPlan* p) {
                       PlanTrain(node, a.eps, /*relu=*/true, a.residual ? 3 : -1, p);
                     }}));
  registry.AddKernel("batch_norm_relu_infer",
                     CudaKernel<BatchNormReluAttrs>({.plan = [](const BatchNormReluAttrs& a,
                                                                const NodeSpec& node, GpuPlan* p) {
                       PlanInfer(node, a.eps, /*relu=*/true, a.residual ? 5 : -1, p);
                     }}));
  registry.AddKernel("batch_norm_grad", CudaKernel<NoAttrs>({.plan = PlanGrad}));
  registry.AddKernel("batch_norm_relu_grad", CudaKernel<NoAttrs>({.plan = PlanReluGrad}));
  registry.AddKernel("batch_norm_add_relu_grad", CudaKernel<NoAttrs>({.plan = PlanAddReluGrad}));
  registry.AddKernel("batch_norm_infer_grad", CudaKernel<BatchNormAttrs>({.plan = PlanInferGrad}));
}

}  // namespace lockstep::ops::batch_norm
