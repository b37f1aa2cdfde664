// SPDX-License-Identifier: Apache-2.0
#include "ops/core/elementwise_simd.h"

namespace lockstep::ops::ema {
namespace {

// The formula of ema.h, the same operations in the same order as the reference.
void Update(const NoAttrs&, const SimdArgs& args) {
  const float *const average = args.in<float>(0), *const param = args.in<float>(1);
  const float weight = *args.in<float>(2), rest = 1.0f - weight;
  const bool from_average = weight < 0.5f;
  float* const updated = args.out<float>(0);
  ForElements(args, args.out_shape(0).elements(), [=](int64_t i) LOCKSTEP_INLINE {
    const float difference = param[i] - average[i];
    updated[i] = from_average ? average[i] + weight * difference : param[i] - difference * rest;
  });
}

}  // namespace

void RegisterSimd(OpRegistry& registry) {
  registry.AddKernel("ema", SimdKernel<NoAttrs>({.run = Update}));
}

}  // namespace lockstep::ops::ema
