// SPDX-License-Identifier: Apache-2.0
#include "ops/core/elementwise_simd.h"
#include "ops/core/kept_mask_simd.h"
#include "ops/nn/dropout/dropout.h"

namespace lockstep::ops::dropout {
namespace {

// (x or dy, mask) -> y or dx.
void Keep(const DropoutAttrs& attrs, const SimdArgs& args, const uint8_t* mask) {
  const float* const x = args.in<float>(0);
  float* const y = args.out<float>(0);
  const float factor = KeptFactor<float>(attrs.p);
  ForElements(args, args.out_shape(0).elements(),
              [=](int64_t i) LOCKSTEP_INLINE { y[i] = ScaledIfKept(x[i], factor, mask[i]); });
}

void Forward(const DropoutAttrs& attrs, const SimdArgs& args) {
  Keep(attrs, args, DrawMask(attrs.p, args));
}

void Grad(const DropoutAttrs& attrs, const SimdArgs& args) {
  Keep(attrs, args, args.in<uint8_t>(1));
}

}  // namespace

void RegisterSimd(OpRegistry& registry) {
  registry.AddKernel("dropout", SimdKernel<DropoutAttrs>({.run = Forward}));
  registry.AddKernel("dropout_grad", SimdKernel<DropoutAttrs>({.run = Grad}));
}

}  // namespace lockstep::ops::dropout
