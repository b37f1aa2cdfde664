// SPDX-License-Identifier: Apache-2.0
// The loop of the SIMD kernels of Adam and AdamW: the same operations in the same order as the
// reference (moments_reference.h).
#pragma once

#include "ops/core/elementwise_simd.h"

namespace lockstep::ops {

// Updates a block, where `gradient(i)` and `before_step(i)` are LOCKSTEP_INLINE functions that say
// what they say in UpdateByMoments of the reference.
template <typename A, typename Gradient, typename BeforeStep>
void UpdateByMoments(const A& attrs, const SimdArgs& args, const Gradient& gradient,
                     const BeforeStep& before_step) {
  const float *const m = args.in<float>(2), *const v = args.in<float>(3);
  const float step_size = *args.in<float>(4) / *args.in<float>(6);
  const float bias2_root = __builtin_sqrtf(*args.in<float>(7));
  const double weight = 1.0 - attrs.beta1;  // of the new gradient: PyTorch's lerp
  const bool from_old = weight < 0.5;
  const float new_weight = static_cast<float>(weight), old_weight = 1.0f - new_weight;
  const float beta2 = static_cast<float>(attrs.beta2);
  const float rest2 = static_cast<float>(1.0 - attrs.beta2), eps = static_cast<float>(attrs.eps);
  float* const new_param = args.out<float>(0);
  float *const new_m = args.out<float>(1), *const new_v = args.out<float>(2);
  ForElements(args, args.out_shape(0).elements(), [=](int64_t i) LOCKSTEP_INLINE {
    const float g = gradient(i);
    const float difference = g - m[i];
    const float mean = from_old ? m[i] + new_weight * difference : g - difference * old_weight;
    const float square = v[i] * beta2 + rest2 * g * g;
    const float denominator = __builtin_sqrtf(square) / bias2_root + eps;
    const float from = before_step(i);
    new_m[i] = mean;
    new_v[i] = square;
    new_param[i] = from - step_size * mean / denominator;
  });
}

}  // namespace lockstep::ops
