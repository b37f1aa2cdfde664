// SPDX-License-Identifier: Apache-2.0
#include "ops/core/elementwise_simd.h"
#include "ops/math/add/add.h"

namespace lockstep::ops::add {
namespace {

void Forward(const NoAttrs&, const SimdArgs& args) {
  MapBinary(args, [](float a, float b) LOCKSTEP_INLINE { return a + b; });
}

}  // namespace

void RegisterSimd(OpRegistry& registry) {
  registry.AddKernel("add", SimdKernel<NoAttrs>({.run = Forward}));
}

}  // namespace lockstep::ops::add
