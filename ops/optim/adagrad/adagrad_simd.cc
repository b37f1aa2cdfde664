// SPDX-License-Identifier: Apache-2.0
#include "ops/core/elementwise_simd.h"
#include "ops/optim/adagrad/adagrad.h"

namespace lockstep::ops::adagrad {
namespace {

// The formula of adagrad.h, the same operations in the same order as the reference.
void Update(const AdagradAttrs& attrs, const SimdArgs& args) {
  const float *const param = args.in<float>(0), *const grad = args.in<float>(1);
  const float* const sum = args.in<float>(2);
  const float grad_scale = *args.in<float>(4);
  const float initial = static_cast<float>(attrs.initial_accumulator_value);
  const float rate = *args.in<float>(3) / *args.in<float>(5);
  const float eps = static_cast<float>(attrs.eps);
  const float weight_decay = static_cast<float>(attrs.weight_decay);
  const bool decays = attrs.weight_decay != 0.0;
  float *const new_param = args.out<float>(0), *const new_sum = args.out<float>(1);
  ForElements(args, args.out_shape(0).elements(), [=](int64_t i) LOCKSTEP_INLINE {
    const float scaled = grad[i] * grad_scale;
    const float g = decays ? scaled + weight_decay * param[i] : scaled;
    const float s = sum[i] + g * g;
    new_sum[i] = s;
    new_param[i] = param[i] - rate * g / (__builtin_sqrtf(s + initial) + eps);
  });
}

}  // namespace

void RegisterSimd(OpRegistry& registry) {
  registry.AddKernel("adagrad", SimdKernel<AdagradAttrs>({.run = Update}));
}

}  // namespace lockstep::ops::adagrad
