// SPDX-License-Identifier: Apache-2.0
#include "ops/core/elementwise_simd.h"
#include "ops/optim/sgd/sgd.h"

namespace lockstep::ops::sgd {
namespace {

// The formula of sgd.h, the same operations in the same order as the reference.
void Update(const SgdAttrs& attrs, const SimdArgs& args) {
  const float *const param = args.in<float>(0), *const grad = args.in<float>(1);
  const float* const velocity = args.in<float>(2);
  const float lr = *args.in<float>(3), grad_scale = *args.in<float>(4);
  const float momentum = static_cast<float>(attrs.momentum);
  const float weight_decay = static_cast<float>(attrs.weight_decay);
  const bool decays = attrs.weight_decay != 0.0, nesterov = attrs.nesterov;
  float *const new_param = args.out<float>(0), *const new_velocity = args.out<float>(1);
  ForElements(args, args.out_shape(0).elements(), [=](int64_t i) LOCKSTEP_INLINE {
    const float scaled = grad[i] * grad_scale;
    const float g = decays ? scaled + weight_decay * param[i] : scaled;
    const float v = momentum * velocity[i] + g;
    const float d = nesterov ? g + momentum * v : v;
    new_velocity[i] = v;
    new_param[i] = param[i] - lr * d;
  });
}

}  // namespace

void RegisterSimd(OpRegistry& registry) {
  registry.AddKernel("sgd", SimdKernel<SgdAttrs>({.run = Update}));
}

}  // namespace lockstep::ops::sgd
