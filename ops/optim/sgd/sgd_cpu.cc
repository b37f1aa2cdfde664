// SPDX-License-Identifier: Apache-2.0
#include "ops/optim/sgd/sgd_cpu.h"

namespace lockstep::ops::sgd {

template <typename T>
void Reference(const SgdAttrs& attrs, const ReferenceArgs& args) {
  const T *param = args.in<T>(0), *grad = args.in<T>(1), *velocity = args.in<T>(2);
  const T lr = *args.in<T>(3), grad_scale = *args.in<T>(4);
  const T momentum = static_cast<T>(attrs.momentum);
  const T weight_decay = static_cast<T>(attrs.weight_decay);
  T *new_param = args.out<T>(0), *new_velocity = args.out<T>(1);
  const int64_t n = args.out_shape(0).elements();
  for (int64_t i = 0; i < n; ++i) {
    T g = grad[i] * grad_scale;
    // Not added when 0, as in PyTorch: 0 * infinity is NaN.
    if (attrs.weight_decay != 0.0) g += weight_decay * param[i];
    const T v = momentum * velocity[i] + g;
    const T d = attrs.nesterov ? g + momentum * v : v;
    new_velocity[i] = v;
    new_param[i] = param[i] - lr * d;
  }
}

template void Reference<float>(const SgdAttrs&, const ReferenceArgs&);
template void Reference<double>(const SgdAttrs&, const ReferenceArgs&);

}  // namespace lockstep::ops::sgd
