// SPDX-License-Identifier: Apache-2.0
// Copies rows of channels, dealt to the lane's threads in runs.
#include <algorithm>
#include <cstring>

#include "ops/core/last_axis.h"
#include "ops/core/parallel.h"
#include "ops/core/simd_kernel.h"
#include "ops/math/concat/concat.h"

namespace lockstep::ops::concat {
namespace {

int64_t Grain(const RowsOfChannels& rows) {
  return std::max<int64_t>(1, 4 * kElementGrain / std::max<int64_t>(1, rows.channels));
}

void Copy(const float* from, int64_t count, float* to) {
  if (count > 0) std::memcpy(to, from, static_cast<size_t>(count) * sizeof(float));
}

void Forward(const ConcatAttrs& attrs, const SimdArgs& args) {
  const RowsOfChannels y(args.out_shape(0));
  ForRuns(args.threads, y.rows, Grain(y), [&](Range run) {
    for (int64_t row = run.begin; row < run.end; ++row) {
      float* to = args.out<float>(0) + row * y.channels;
      for (size_t i = 0; i < attrs.channels.size(); ++i) {
        Copy(args.in<float>(i) + row * attrs.channels[i], attrs.channels[i], to);
        to += attrs.channels[i];
      }
    }
  });
}

void Slice(const SliceChannelsAttrs& attrs, const SimdArgs& args) {
  const RowsOfChannels x(args.in_shape(0));
  ForRuns(args.threads, x.rows, Grain(x), [&](Range run) {
    for (int64_t row = run.begin; row < run.end; ++row) {
      Copy(args.in<float>(0) + row * x.channels + attrs.begin, attrs.count,
           args.out<float>(0) + row * attrs.count);
    }
  });
}

}  // namespace

void RegisterSimd(OpRegistry& registry) {
  registry.AddKernel("concat", SimdKernel<ConcatAttrs>({.run = Forward}));
  registry.AddKernel("slice_channels", SimdKernel<SliceChannelsAttrs>({.run = Slice}));
}

}  // namespace lockstep::ops::concat
