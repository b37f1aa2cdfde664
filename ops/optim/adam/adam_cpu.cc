// SPDX-License-Identifier: Apache-2.0
#include "ops/optim/adam/adam_cpu.h"

#include "ops/core/moments_reference.h"

namespace lockstep::ops::adam {

template <typename T>
void Reference(const AdamAttrs& attrs, const ReferenceArgs& args) {
  const T *param = args.in<T>(0), *grad = args.in<T>(1);
  const T grad_scale = *args.in<T>(5), weight_decay = static_cast<T>(attrs.weight_decay);
  const auto gradient = [&](int64_t i) {
    T g = grad[i] * grad_scale;
    // Not added when 0, as in PyTorch: 0 * infinity is NaN.
    if (attrs.weight_decay != 0.0) g += weight_decay * param[i];
    return g;
  };
  UpdateByMoments<T>(attrs, args, gradient, [&](int64_t i) { return param[i]; });
}

template void Reference<float>(const AdamAttrs&, const ReferenceArgs&);
template void Reference<double>(const AdamAttrs&, const ReferenceArgs&);

}  // namespace lockstep::ops::adam
