// SPDX-License-Identifier: Apache-2.0
#include "ops/core/elementwise_simd.h"
#include "ops/optim/lion/lion.h"

namespace lockstep::ops::lion {
namespace {

// The formula of lion.h, the same operations in the same order as the reference.
void Update(const LionAttrs& attrs, const SimdArgs& args) {
  const float *const param = args.in<float>(0), *const grad = args.in<float>(1);
  const float* const m = args.in<float>(2);
  const float lr = *args.in<float>(3), grad_scale = *args.in<float>(4);
  const float beta1 = static_cast<float>(attrs.beta1), beta2 = static_cast<float>(attrs.beta2);
  const float rest1 = static_cast<float>(1.0 - attrs.beta1);
  const float rest2 = static_cast<float>(1.0 - attrs.beta2);
  const float kept = 1.0f - lr * static_cast<float>(attrs.weight_decay);
  float *const new_param = args.out<float>(0), *const new_m = args.out<float>(1);
  ForElements(args, args.out_shape(0).elements(), [=](int64_t i) LOCKSTEP_INLINE {
    const float g = grad[i] * grad_scale;
    const float direction = beta1 * m[i] + rest1 * g;
    const float sign = direction > 0.0f ? 1.0f : (direction < 0.0f ? -1.0f : 0.0f);
    const float mean = beta2 * m[i] + rest2 * g;
    new_m[i] = mean;
    new_param[i] = param[i] * kept - lr * sign;
  });
}

}  // namespace

void RegisterSimd(OpRegistry& registry) {
  registry.AddKernel("lion", SimdKernel<LionAttrs>({.run = Update}));
}

}  // namespace lockstep::ops::lion
