// SPDX-License-Identifier: Apache-2.0
#include "ops/core/moments_simd.h"
#include "ops/optim/adam/adam.h"

namespace lockstep::ops::adam {
namespace {

void Update(const AdamAttrs& attrs, const SimdArgs& args) {
  const float *const param = args.in<float>(0), *const grad = args.in<float>(1);
  const float grad_scale = *args.in<float>(5);
  const float weight_decay = static_cast<float>(attrs.weight_decay);
  const bool decays = attrs.weight_decay != 0.0;
  UpdateByMoments(
      attrs, args,
      [=](int64_t i) LOCKSTEP_INLINE {
        const float scaled = grad[i] * grad_scale;
        return decays ? scaled + weight_decay * param[i] : scaled;
      },
      [=](int64_t i) LOCKSTEP_INLINE { return param[i]; });
}

}  // namespace

void RegisterSimd(OpRegistry& registry) {
  registry.AddKernel("adam", SimdKernel<AdamAttrs>({.run = Update}));
}

}  // namespace lockstep::ops::adam
