// SPDX-License-Identifier: Apache-2.0
#include "ops/core/cuda_kernel.h"
#include "ops/core/last_axis.h"
#include "ops/math/concat/concat.h"

namespace lockstep::ops::concat {
namespace {

// One launch an input.
void Plan(const ConcatAttrs& attrs, const NodeSpec& node, GpuPlan* plan) {
  const RowsOfChannels y(node.out[0].shape);
  int64_t begin = 0;
  for (size_t i = 0; i < attrs.channels.size(); ++i) {
    const int64_t count = attrs.channels[i], n = y.rows * count;
    plan->Launch("concat_part_f32", GridFor(n), In(static_cast<int32_t>(i)), Out(0), n, count,
                 begin, y.channels);
    begin += count;
  }
}

void PlanSlice(const SliceChannelsAttrs& attrs, const NodeSpec& node, GpuPlan* plan) {
  const int64_t n = node.out[0].shape.elements();
  plan->Launch("slice_channels_f32", GridFor(n), In(0), Out(0), n, attrs.count, attrs.begin,
               RowsOfChannels(node.in[0].shape).channels);
}

void PlanPlace(const PlaceChannelsAttrs& attrs, const NodeSpec& node, GpuPlan* plan) {
  const int64_t n = node.out[0].shape.elements();
  plan->Launch("place_channels_f32", GridFor(n), In(0), Out(0), n,
               RowsOfChannels(node.in[0].shape).channels, attrs.begin, attrs.channels);
}

}  // namespace

void RegisterCuda(OpRegistry& registry) {
  registry.AddKernel("concat", CudaKernel<ConcatAttrs>({.plan = Plan}));
  registry.AddKernel("slice_channels", CudaKernel<SliceChannelsAttrs>({.plan = PlanSlice}));
  registry.AddKernel("place_channels", CudaKernel<PlaceChannelsAttrs>({.plan = PlanPlace}));
}

}  // namespace lockstep::ops::concat
