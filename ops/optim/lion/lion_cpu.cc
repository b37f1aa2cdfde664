// SPDX-License-Identifier: Apache-2.0
#include "ops/optim/lion/lion_cpu.h"

namespace lockstep::ops::lion {

template <typename T>
void Reference(const LionAttrs& attrs, const ReferenceArgs& args) {
  const T *param = args.in<T>(0), *grad = args.in<T>(1), *m = args.in<T>(2);
  const T lr = *args.in<T>(3), grad_scale = *args.in<T>(4);
  const T beta1 = static_cast<T>(attrs.beta1), rest1 = static_cast<T>(1.0 - attrs.beta1);
  const T beta2 = static_cast<T>(attrs.beta2), rest2 = static_cast<T>(1.0 - attrs.beta2);
  const T kept = T(1) - lr * static_cast<T>(attrs.weight_decay);
  T *new_param = args.out<T>(0), *new_m = args.out<T>(1);
  for (int64_t i = 0; i < args.out_shape(0).elements(); ++i) {
    const T g = grad[i] * grad_scale;
    const T direction = beta1 * m[i] + rest1 * g;
    const T sign = direction > T(0) ? T(1) : (direction < T(0) ? T(-1) : T(0));
    const T mean = beta2 * m[i] + rest2 * g;
    new_m[i] = mean;
    new_param[i] = param[i] * kept - lr * sign;
  }
}

template void Reference<float>(const LionAttrs&, const ReferenceArgs&);
template void Reference<double>(const LionAttrs&, const ReferenceArgs&);

}  // namespace lockstep::ops::lion
