// SPDX-License-Identifier: Apache-2.0
#include "ops/core/elementwise_simd.h"
#include "ops/nn/relu/relu.h"

namespace lockstep::ops::relu {
namespace {

void Forward(const NoAttrs&, const SimdArgs& args) {
  MapUnary(args, [](float x) LOCKSTEP_INLINE { return x < 0 ? 0.0f : x; });
}

void Grad(const NoAttrs&, const SimdArgs& args) {
  MapBinary(args, [](float y, float dy) LOCKSTEP_INLINE { return y > 0 ? dy : 0.0f; });
}

}  // namespace

void RegisterSimd(OpRegistry& registry) {
  registry.AddKernel("relu", SimdKernel<NoAttrs>({.run = Forward}));
  registry.AddKernel("relu_grad", SimdKernel<NoAttrs>({.run = Grad}));
}

}  // namespace lockstep::ops::relu
