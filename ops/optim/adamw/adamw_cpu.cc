// SPDX-License-Identifier: Apache-2.0
#include "ops/optim/adamw/adamw_cpu.h"

#include "base/math.h"

namespace lockstep::ops::adamw {

namespace {

// Exactly rounded for float too: the root of a float in double, rounded, is the rounded root.
template <typename T>
T Root(T x) {
  return static_cast<T>(math::Sqrt(static_cast<double>(x)));
}

// PyTorch's lerp(from, to, weight): the form that loses least.
template <typename T>
T Between(T from, T to, double weight) {
  return weight < 0.5 ? from + static_cast<T>(weight) * (to - from)
                      : to - (to - from) * (T(1) - static_cast<T>(weight));
}

}  // namespace

template <typename T>
void Reference(const AdamwAttrs& attrs, const ReferenceArgs& args) {
  const T *param = args.in<T>(0), *grad = args.in<T>(1), *m = args.in<T>(2), *v = args.in<T>(3);
  const T lr = *args.in<T>(4), grad_scale = *args.in<T>(5);
  const T step_size = lr / *args.in<T>(6), bias2_root = Root(*args.in<T>(7));
  const T kept = T(1) - lr * static_cast<T>(attrs.weight_decay);
  const T beta2 = static_cast<T>(attrs.beta2), rest2 = static_cast<T>(1.0 - attrs.beta2);
  const T eps = static_cast<T>(attrs.eps);
  T *new_param = args.out<T>(0), *new_m = args.out<T>(1), *new_v = args.out<T>(2);
  const int64_t n = args.out_shape(0).elements();
  for (int64_t i = 0; i < n; ++i) {
    const T g = grad[i] * grad_scale;
    const T mean = Between(m[i], g, 1.0 - attrs.beta1);
    const T square = v[i] * beta2 + rest2 * g * g;
    const T denominator = Root(square) / bias2_root + eps;
    new_m[i] = mean;
    new_v[i] = square;
    new_param[i] = param[i] * kept - step_size * mean / denominator;
  }
}

template void Reference<float>(const AdamwAttrs&, const ReferenceArgs&);
template void Reference<double>(const AdamwAttrs&, const ReferenceArgs&);

}  // namespace lockstep::ops::adamw
