// SPDX-License-Identifier: Apache-2.0
#include "ops/nn/sigmoid/sigmoid_cpu.h"

#include "base/math.h"
#include "ops/core/elementwise.h"

namespace lockstep::ops::sigmoid {

template <typename T>
void Reference(const NoAttrs&, const ReferenceArgs& args) {
  MapUnary<T>(args,
              [](T x) { return static_cast<T>(1.0 / (1.0 + math::Exp(-static_cast<double>(x)))); });
}

template <typename T>
void ReferenceGrad(const NoAttrs&, const ReferenceArgs& args) {
  MapBinary<T>(args, [](T y, T dy) { return dy * (y * (T(1) - y)); });
}

template void Reference<float>(const NoAttrs&, const ReferenceArgs&);
template void Reference<double>(const NoAttrs&, const ReferenceArgs&);
template void ReferenceGrad<float>(const NoAttrs&, const ReferenceArgs&);
template void ReferenceGrad<double>(const NoAttrs&, const ReferenceArgs&);

}  // namespace lockstep::ops::sigmoid
