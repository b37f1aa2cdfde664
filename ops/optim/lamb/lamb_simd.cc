// SPDX-License-Identifier: Apache-2.0
#include "ops/core/elementwise_simd.h"
#include "ops/optim/lamb/lamb_cpu.h"

namespace lockstep::ops::lamb {
namespace {

// The formula of lamb.h, the same operations in the same order as the reference.
void Update(const LambAttrs& attrs, const SimdArgs& args) {
  const float *const param = args.in<float>(0), *const grad = args.in<float>(1);
  const float *const m = args.in<float>(2), *const v = args.in<float>(3);
  const float grad_scale = *args.in<float>(5), bias1 = *args.in<float>(6);
  const float bias2_root = __builtin_sqrtf(*args.in<float>(7));
  const float rate = *args.in<float>(4) * Trust(attrs, *args.in<float>(8), *args.in<float>(9));
  const double weight = 1.0 - attrs.beta1;  // of the new gradient: PyTorch's lerp
  const bool from_old = weight < 0.5;
  const float new_weight = static_cast<float>(weight), old_weight = 1.0f - new_weight;
  const float beta2 = static_cast<float>(attrs.beta2), eps = static_cast<float>(attrs.eps);
  const float rest2 = static_cast<float>(1.0 - attrs.beta2);
  const float weight_decay = static_cast<float>(attrs.weight_decay);
  float* const new_param = args.out<float>(0);
  float *const new_m = args.out<float>(1), *const new_v = args.out<float>(2);
  ForElements(args, args.out_shape(0).elements(), [=](int64_t i) LOCKSTEP_INLINE {
    const float g = grad[i] * grad_scale;
    const float difference = g - m[i];
    const float mean = from_old ? m[i] + new_weight * difference : g - difference * old_weight;
    const float square = v[i] * beta2 + rest2 * g * g;
    const float step =
        mean / bias1 / (__builtin_sqrtf(square) / bias2_root + eps) + weight_decay * param[i];
    new_m[i] = mean;
    new_v[i] = square;
    new_param[i] = param[i] - rate * step;
  });
}

}  // namespace

void RegisterSimd(OpRegistry& registry) {
  registry.AddKernel("lamb", SimdKernel<LambAttrs>({.run = Update}));
}

}  // namespace lockstep::ops::lamb
