// SPDX-License-Identifier: Apache-2.0
#include "ops/core/elementwise_simd.h"
#include "ops/math/add/add.h"

namespace lockstep::ops::add {
namespace {

void Forward(const NoAttrs&, const SimdArgs& args) {
  const float *const a = args.in<float>(0), *const b = args.in<float>(1);
  float* const y = args.out<float>(0);
  ForElements(args, args.out_shape(0).elements(),
              [=](int64_t i) LOCKSTEP_INLINE { y[i] = a[i] + b[i]; });
}

}  // namespace

void RegisterSimd(OpRegistry& registry) {
  registry.AddKernel("add", SimdKernel<NoAttrs>({.run = Forward}));
}

}  // namespace lockstep::ops::add
