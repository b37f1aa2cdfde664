// SPDX-License-Identifier: Apache-2.0
// The loop of the reference kernels of Adam and AdamW.
#pragma once

#include "base/math.h"
#include "ops/core/op.h"

namespace lockstep::ops {

// The root is exactly rounded for float too: that of a float in double, rounded, is the rounded
// root.
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

// Updates a block. `gradient(i)` is the gradient that the means see, `before_step(i)` the parameter
// that the step is taken from.
template <typename T, typename A, typename Gradient, typename BeforeStep>
void UpdateByMoments(const A& attrs, const ReferenceArgs& args, const Gradient& gradient,
                     const BeforeStep& before_step) {
  const T *m = args.in<T>(2), *v = args.in<T>(3);
  const T step_size = *args.in<T>(4) / *args.in<T>(6), bias2_root = Root(*args.in<T>(7));
  const T beta2 = static_cast<T>(attrs.beta2), rest2 = static_cast<T>(1.0 - attrs.beta2);
  const T eps = static_cast<T>(attrs.eps);
  T *new_param = args.out<T>(0), *new_m = args.out<T>(1), *new_v = args.out<T>(2);
  const int64_t n = args.out_shape(0).elements();
  for (int64_t i = 0; i < n; ++i) {
    const T g = gradient(i);
    const T mean = Between(m[i], g, 1.0 - attrs.beta1);
    const T square = v[i] * beta2 + rest2 * g * g;
    const T denominator = Root(square) / bias2_root + eps;
    const T from = before_step(i);
    new_m[i] = mean;
    new_v[i] = square;
    new_param[i] = from - step_size * mean / denominator;
  }
}

}  // namespace lockstep::ops
