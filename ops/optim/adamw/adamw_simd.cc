// SPDX-License-Identifier: Apache-2.0
#include "ops/core/moments_simd.h"
#include "ops/optim/adamw/adamw.h"

namespace lockstep::ops::adamw {
namespace {

void Update(const AdamwAttrs& attrs, const SimdArgs& args) {
  const float *const param = args.in<float>(0), *const grad = args.in<float>(1);
  const float lr = *args.in<float>(4), grad_scale = *args.in<float>(5);
  const float kept = 1.0f - lr * static_cast<float>(attrs.weight_decay);
  UpdateByMoments(
      attrs, args, [=](int64_t i) LOCKSTEP_INLINE { return grad[i] * grad_scale; },
      [=](int64_t i) LOCKSTEP_INLINE { return param[i] * kept; });
}

}  // namespace

void RegisterSimd(OpRegistry& registry) {
  registry.AddKernel("adamw", SimdKernel<AdamwAttrs>({.run = Update}));
}

}  // namespace lockstep::ops::adamw
