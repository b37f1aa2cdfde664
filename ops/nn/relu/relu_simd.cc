// SPDX-License-Identifier: Apache-2.0
#include "ops/core/elementwise_simd.h"
#include "ops/nn/relu/relu.h"

namespace lockstep::ops::relu {
namespace {

void Forward(const NoAttrs&, const SimdArgs& args) {
  const float* const x = args.in<float>(0);
  float* const y = args.out<float>(0);
  ForElements(args, args.out_shape(0).elements(),
              [=](int64_t i) LOCKSTEP_INLINE { y[i] = x[i] < 0 ? 0.0f : x[i]; });
}

void Grad(const NoAttrs&, const SimdArgs& args) {
  const float *const y = args.in<float>(0), *const dy = args.in<float>(1);
  float* const dx = args.out<float>(0);
  ForElements(args, args.out_shape(0).elements(), [=](int64_t i) LOCKSTEP_INLINE {
    const float d = dy[i];
    dx[i] = y[i] > 0 ? d : 0.0f;
  });
}

}  // namespace

void RegisterSimd(OpRegistry& registry) {
  registry.AddKernel("relu", SimdKernel<NoAttrs>({.run = Forward}));
  registry.AddKernel("relu_grad", SimdKernel<NoAttrs>({.run = Grad}));
}

}  // namespace lockstep::ops::relu
