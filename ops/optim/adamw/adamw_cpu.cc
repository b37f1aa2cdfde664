// SPDX-License-Identifier: Apache-2.0
#include "ops/optim/adamw/adamw_cpu.h"

#include "ops/core/moments_reference.h"

namespace lockstep::ops::adamw {

template <typename T>
void Reference(const AdamwAttrs& attrs, const ReferenceArgs& args) {
  const T *param = args.in<T>(0), *grad = args.in<T>(1);
  const T lr = *args.in<T>(4), grad_scale = *args.in<T>(5);
  const T kept = T(1) - lr * static_cast<T>(attrs.weight_decay);
  UpdateByMoments<T>(
      attrs, args, [&](int64_t i) { return grad[i] * grad_scale; },
      [&](int64_t i) { return param[i] * kept; });
}

template void Reference<float>(const AdamwAttrs&, const ReferenceArgs&);
template void Reference<double>(const AdamwAttrs&, const ReferenceArgs&);

}  // namespace lockstep::ops::adamw
