// SPDX-License-Identifier: Apache-2.0
#include "ops/core/elementwise_simd.h"
#include "ops/optim/rmsprop/rmsprop.h"

namespace lockstep::ops::rmsprop {
namespace {

// The formula of rmsprop.h, the same operations in the same order as the reference.
template <bool kMomentum, bool kCentered>
void UpdateAs(const RmspropAttrs& attrs, const SimdArgs& args) {
  constexpr size_t kMean = kMomentum ? 4 : 3;
  constexpr size_t kFirstScalar = 3 + (kMomentum ? 1 : 0) + (kCentered ? 1 : 0);
  const float *const param = args.in<float>(0), *const grad = args.in<float>(1);
  const float* const s = args.in<float>(2);
  const float* const b = kMomentum ? args.in<float>(3) : nullptr;
  const float* const a = kCentered ? args.in<float>(kMean) : nullptr;
  const float lr = *args.in<float>(kFirstScalar), grad_scale = *args.in<float>(kFirstScalar + 1);
  const float alpha = static_cast<float>(attrs.alpha), eps = static_cast<float>(attrs.eps);
  const float rest = static_cast<float>(1.0 - attrs.alpha);
  const float kept = static_cast<float>(attrs.momentum);
  const float weight_decay = static_cast<float>(attrs.weight_decay);
  const bool decays = attrs.weight_decay != 0.0;
  float *const new_param = args.out<float>(0), *const new_s = args.out<float>(1);
  float* const new_b = kMomentum ? args.out<float>(2) : nullptr;
  float* const new_a = kCentered ? args.out<float>(kMean - 1) : nullptr;
  ForElements(args, args.out_shape(0).elements(), [=](int64_t i) LOCKSTEP_INLINE {
    const float scaled = grad[i] * grad_scale;
    const float g = decays ? scaled + weight_decay * param[i] : scaled;
    const float square = alpha * s[i] + rest * g * g;
    float variance = square;
    if constexpr (kCentered) {
      const float mean = alpha * a[i] + rest * g;
      const float difference = square - mean * mean;
      variance = difference < 0.0f ? 0.0f : difference;
      new_a[i] = mean;
    }
    float step = g / (__builtin_sqrtf(variance) + eps);
    if constexpr (kMomentum) {
      step = kept * b[i] + step;
      new_b[i] = step;
    }
    new_s[i] = square;
    new_param[i] = param[i] - lr * step;
  });
}

void Update(const RmspropAttrs& attrs, const SimdArgs& args) {
  if (attrs.momentum > 0.0) {
    attrs.centered ? UpdateAs<true, true>(attrs, args) : UpdateAs<true, false>(attrs, args);
  } else {
    attrs.centered ? UpdateAs<false, true>(attrs, args) : UpdateAs<false, false>(attrs, args);
  }
}

}  // namespace

void RegisterSimd(OpRegistry& registry) {
  registry.AddKernel("rmsprop", SimdKernel<RmspropAttrs>({.run = Update}));
}

}  // namespace lockstep::ops::rmsprop
