// SPDX-License-Identifier: Apache-2.0
#include "ops/core/elementwise_simd.h"
#include "ops/optim/lars/lars_cpu.h"

namespace lockstep::ops::lars {
namespace {

// The formula of lars.h, the same operations in the same order as the reference.
void Update(const LarsAttrs& attrs, const SimdArgs& args) {
  const float *const param = args.in<float>(0), *const grad = args.in<float>(1);
  const float* const velocity = args.in<float>(2);
  const float lr = *args.in<float>(3), grad_scale = *args.in<float>(4);
  const float trust = Trust(attrs, *args.in<float>(5), *args.in<float>(6));
  const float momentum = static_cast<float>(attrs.momentum);
  const float weight_decay = static_cast<float>(attrs.weight_decay);
  float *const new_param = args.out<float>(0), *const new_velocity = args.out<float>(1);
  ForElements(args, args.out_shape(0).elements(), [=](int64_t i) LOCKSTEP_INLINE {
    const float g = grad[i] * grad_scale + weight_decay * param[i];
    const float v = momentum * velocity[i] + trust * g;
    new_velocity[i] = v;
    new_param[i] = param[i] - lr * v;
  });
}

}  // namespace

void RegisterSimd(OpRegistry& registry) {
  registry.AddKernel("lars", SimdKernel<LarsAttrs>({.run = Update}));
}

}  // namespace lockstep::ops::lars
