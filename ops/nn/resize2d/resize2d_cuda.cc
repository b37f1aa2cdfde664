// SPDX-License-Identifier: Apache-2.0
#include "ops/core/cuda_kernel.h"
#include "ops/nn/resize2d/resize2d.h"

namespace lockstep::ops::resize2d {
namespace {

// An axis in the workspace: places and weights, and who reads each input.
struct GpuAxis {
  int64_t in, out;
  GpuOperand low, high, f, first, end;

  GpuAxis(int64_t in_size, int64_t out_size, const Resize2dAttrs& attrs, GpuPlan* plan)
      : in(in_size),
        out(out_size),
        low(plan->Scratch<int64_t>(out)),
        high(plan->Scratch<int64_t>(out)),
        f(plan->Scratch<float>(out)) {
    const bool align = attrs.align_corners;
    const double scale = !align    ? static_cast<double>(in) / static_cast<double>(out)
                         : out > 1 ? static_cast<double>(in - 1) / static_cast<double>(out - 1)
                                   : 0.0;
    plan->Launch("resize2d_axis_f32", GridFor(out), low, high, f, in, out, scale,
                 int32_t{attrs.mode == "nearest"}, int32_t{align});
  }
  void FindReaders(GpuPlan* plan) {
    first = plan->Scratch<int64_t>(in);
    end = plan->Scratch<int64_t>(in);
    plan->Launch("resize2d_readers", GridFor(in), low, high, first, end, in, out);
  }
};

gpu::PoolShape SizesOf(const Shape& x, const Shape& y) {
  return {.n = x[0], .h = x[1], .w = x[2], .c = x[3], .p = y[1], .q = y[2]};
}

void Plan(const Resize2dAttrs& attrs, const NodeSpec& node, GpuPlan* plan) {
  const Shape &x = node.in[0].shape, &y = node.out[0].shape;
  if (y.elements() == 0) return;
  const GpuAxis h(x[1], y[1], attrs, plan), w(x[2], y[2], attrs, plan);
  plan->Launch("resize2d_f32", GridFor(y.elements()), In(0), Out(0), y.elements(), SizesOf(x, y),
               h.low, h.high, h.f, w.low, w.high, w.f);
}

void PlanGrad(const Resize2dGradAttrs& attrs, const NodeSpec& node, GpuPlan* plan) {
  const Shape &x = node.out[0].shape, &y = node.in[0].shape;
  if (x.elements() == 0) return;
  GpuAxis h(x[1], y[1], attrs, plan), w(x[2], y[2], attrs, plan);
  h.FindReaders(plan);
  w.FindReaders(plan);
  plan->Launch("resize2d_grad_f32", GridFor(x.elements()), In(0), Out(0), x.elements(),
               SizesOf(x, y), h.low, h.high, h.f, w.low, w.high, w.f, h.first, h.end, w.first,
               w.end);
}

}  // namespace

void RegisterCuda(OpRegistry& registry) {
  registry.AddKernel("resize2d", CudaKernel<Resize2dAttrs>({.plan = Plan}));
  registry.AddKernel("resize2d_grad", CudaKernel<Resize2dGradAttrs>({.plan = PlanGrad}));
}

}  // namespace lockstep::ops::resize2d
