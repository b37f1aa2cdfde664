// SPDX-License-Identifier: Apache-2.0
#include "ops/nn/dropout/dropout_cpu.h"

#include "ops/core/kept_mask.h"

namespace lockstep::ops::dropout {

namespace {

// y = x / (1 - p) where `mask` keeps it, else 0.
template <typename T>
void Keep(const DropoutAttrs& attrs, int64_t elements, const T* x, const uint8_t* mask, T* y) {
  const T factor = KeptFactor<T>(attrs.p);
  for (int64_t i = 0; i < elements; ++i) y[i] = mask[i] != 0 ? x[i] * factor : T(0);
}

}  // namespace

template <typename T>
void Reference(const DropoutAttrs& attrs, const ReferenceArgs& args) {
  const int64_t elements = args.out_shape(0).elements();
  uint8_t* mask = args.out<uint8_t>(1);
  KeptMask(args, attrs.p).Draw({0, elements}, mask);
  Keep(attrs, elements, args.in<T>(0), mask, args.out<T>(0));
}

template <typename T>
void ReferenceGrad(const DropoutAttrs& attrs, const ReferenceArgs& args) {
  Keep(attrs, args.out_shape(0).elements(), args.in<T>(0), args.in<uint8_t>(1), args.out<T>(0));
}

template void Reference<float>(const DropoutAttrs&, const ReferenceArgs&);
template void Reference<double>(const DropoutAttrs&, const ReferenceArgs&);
template void ReferenceGrad<float>(const DropoutAttrs&, const ReferenceArgs&);
template void ReferenceGrad<double>(const DropoutAttrs&, const ReferenceArgs&);

}  // namespace lockstep::ops::dropout
