// SPDX-License-Identifier: Apache-2.0
#include "ops/optim/adagrad/adagrad_cpu.h"

#include "ops/core/moments_reference.h"

namespace lockstep::ops::adagrad {

template <typename T>
void Reference(const AdagradAttrs& attrs, const ReferenceArgs& args) {
  const T *param = args.in<T>(0), *grad = args.in<T>(1), *sum = args.in<T>(2);
  const T lr = *args.in<T>(3), grad_scale = *args.in<T>(4);
  const T rate = lr / *args.in<T>(5), eps = static_cast<T>(attrs.eps);
  const T initial = static_cast<T>(attrs.initial_accumulator_value);
  const T weight_decay = static_cast<T>(attrs.weight_decay);
  T *new_param = args.out<T>(0), *new_sum = args.out<T>(1);
  for (int64_t i = 0; i < args.out_shape(0).elements(); ++i) {
    T g = grad[i] * grad_scale;
    if (attrs.weight_decay != 0.0) g += weight_decay * param[i];
    const T s = sum[i] + g * g;
    new_sum[i] = s;
    new_param[i] = param[i] - rate * g / (Root(s + initial) + eps);
  }
}

template void Reference<float>(const AdagradAttrs&, const ReferenceArgs&);
template void Reference<double>(const AdagradAttrs&, const ReferenceArgs&);

}  // namespace lockstep::ops::adagrad
