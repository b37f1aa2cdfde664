// SPDX-License-Identifier: Apache-2.0
#include "ops/optim/rmsprop/rmsprop_cpu.h"

#include <algorithm>

#include "ops/core/moments_reference.h"

namespace lockstep::ops::rmsprop {

template <typename T>
void Reference(const RmspropAttrs& attrs, const ReferenceArgs& args) {
  const bool momentum = attrs.momentum > 0.0, centered = attrs.centered;
  const T alpha = static_cast<T>(attrs.alpha), rest = static_cast<T>(1.0 - attrs.alpha);
  const T eps = static_cast<T>(attrs.eps), kept = static_cast<T>(attrs.momentum);
  const T weight_decay = static_cast<T>(attrs.weight_decay);
  const size_t mean = momentum ? 4 : 3;  // grad_avg
  const size_t first_scalar = args.node.in.size() - 2;
  const T *param = args.in<T>(0), *grad = args.in<T>(1), *s = args.in<T>(2);
  const T lr = *args.in<T>(first_scalar), grad_scale = *args.in<T>(first_scalar + 1);
  for (int64_t i = 0; i < args.out_shape(0).elements(); ++i) {
    T g = grad[i] * grad_scale;
    if (attrs.weight_decay != 0.0) g += weight_decay * param[i];
    const T square = alpha * s[i] + rest * g * g;
    T variance = square;
    if (centered) {
      const T a = alpha * args.in<T>(mean)[i] + rest * g;
      variance = std::max(square - a * a, T(0));
      args.out<T>(mean - 1)[i] = a;
    }
    T step = g / (Root(variance) + eps);
    if (momentum) {
      step = kept * args.in<T>(3)[i] + step;
      args.out<T>(2)[i] = step;
    }
    args.out<T>(1)[i] = square;
    args.out<T>(0)[i] = param[i] - lr * step;
  }
}

template void Reference<float>(const RmspropAttrs&, const ReferenceArgs&);
template void Reference<double>(const RmspropAttrs&, const ReferenceArgs&);

}  // namespace lockstep::ops::rmsprop
