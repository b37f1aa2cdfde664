// SPDX-License-Identifier: Apache-2.0
#include "base/exp_inline.h"
#include "ops/core/elementwise_simd.h"
#include "ops/nn/sigmoid/sigmoid.h"

namespace lockstep::ops::sigmoid {
namespace {

// Beyond 707 the result is 0 or 1 in float whatever the exponential is.
void Forward(const NoAttrs&, const SimdArgs& args) {
  MapUnary(args, [](float x) LOCKSTEP_INLINE {
    const double below = x > 707.0f ? 707.0 : static_cast<double>(x);
    const double z = below < -707.0 ? -707.0 : below;
    return static_cast<float>(1.0 / (1.0 + math::ExpWithoutBranches(-z)));
  });
}

void Grad(const NoAttrs&, const SimdArgs& args) {
  MapBinary(args, [](float y, float dy) LOCKSTEP_INLINE { return dy * (y * (1.0f - y)); });
}

}  // namespace

void RegisterSimd(OpRegistry& registry) {
  registry.AddKernel("sigmoid", SimdKernel<NoAttrs>({.run = Forward}));
  registry.AddKernel("sigmoid_grad", SimdKernel<NoAttrs>({.run = Grad}));
}

}  // namespace lockstep::ops::sigmoid
