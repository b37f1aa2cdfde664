// SPDX-License-Identifier: Apache-2.0
#include "ops/optim/lars/lars_cpu.h"

#include "ops/core/block_norm.h"

namespace lockstep::ops::lars {

template <typename T>
void Reference(const LarsAttrs& attrs, const ReferenceArgs& args) {
  const T *param = args.in<T>(0), *grad = args.in<T>(1), *velocity = args.in<T>(2);
  const T lr = *args.in<T>(3), grad_scale = *args.in<T>(4);
  const T trust = Trust(attrs, *args.in<T>(5), *args.in<T>(6));
  const T momentum = static_cast<T>(attrs.momentum);
  const T weight_decay = static_cast<T>(attrs.weight_decay);
  T *new_param = args.out<T>(0), *new_velocity = args.out<T>(1);
  for (int64_t i = 0; i < args.out_shape(0).elements(); ++i) {
    const T g = grad[i] * grad_scale + weight_decay * param[i];
    const T v = momentum * velocity[i] + trust * g;
    new_velocity[i] = v;
    new_param[i] = param[i] - lr * v;
  }
}

template <typename T>
void Measure(const LarsAttrs&, const ReferenceArgs& args) {
  const T *param = args.in<T>(0), *grad = args.in<T>(1);
  const auto grad_scale = static_cast<double>(*args.in<T>(4));
  const int64_t n = args.in_shape(0).elements();
  double* const squares = args.out<double>(0);
  squares[0] = BlockSquaredNorm(param, n);
  squares[1] =
      BlockSquaredNormOf(n, [=](int64_t i) { return static_cast<double>(grad[i]) * grad_scale; });
}

template void Reference<float>(const LarsAttrs&, const ReferenceArgs&);
template void Reference<double>(const LarsAttrs&, const ReferenceArgs&);
template void Measure<float>(const LarsAttrs&, const ReferenceArgs&);
template void Measure<double>(const LarsAttrs&, const ReferenceArgs&);

}  // namespace lockstep::ops::lars
