// SPDX-License-Identifier: Apache-2.0
#include "ops/nn/dropout2d/dropout2d_cpu.h"

#include "ops/core/kept_mask.h"

namespace lockstep::ops::dropout2d {

namespace {

// y = x / (1 - p) in the channels that `mask` keeps, 0 in the others.
template <typename T>
void KeepChannels(const DropoutAttrs& attrs, const Shape& shape, const T* x, const uint8_t* mask,
                  T* y) {
  const T factor = KeptFactor<T>(attrs.p);
  const int64_t pixels = shape[1] * shape[2], channels = shape[3];
  for (int64_t n = 0; n < shape[0]; ++n, mask += channels) {
    for (int64_t pixel = 0; pixel < pixels; ++pixel, x += channels, y += channels) {
      for (int64_t c = 0; c < channels; ++c) y[c] = mask[c] != 0 ? x[c] * factor : T(0);
    }
  }
}

}  // namespace

template <typename T>
void Reference(const DropoutAttrs& attrs, const ReferenceArgs& args) {
  uint8_t* mask = args.out<uint8_t>(1);
  KeptMask(args, attrs.p).Draw({0, args.out_shape(1).elements()}, mask);
  KeepChannels(attrs, args.in_shape(0), args.in<T>(0), mask, args.out<T>(0));
}

template <typename T>
void ReferenceGrad(const DropoutAttrs& attrs, const ReferenceArgs& args) {
  KeepChannels(attrs, args.in_shape(0), args.in<T>(0), args.in<uint8_t>(1), args.out<T>(0));
}

template void Reference<float>(const DropoutAttrs&, const ReferenceArgs&);
template void Reference<double>(const DropoutAttrs&, const ReferenceArgs&);
template void ReferenceGrad<float>(const DropoutAttrs&, const ReferenceArgs&);
template void ReferenceGrad<double>(const DropoutAttrs&, const ReferenceArgs&);

}  // namespace lockstep::ops::dropout2d
