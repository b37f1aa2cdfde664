// SPDX-License-Identifier: Apache-2.0
#include "ops/nn/relu/relu_cpu.h"

#include "ops/core/elementwise.h"

namespace lockstep::ops::relu {

template <typename T>
void Reference(const NoAttrs&, const ReferenceArgs& args) {
  MapUnary<T>(args, [](T x) { return x < 0 ? T(0) : x; });
}

template <typename T>
void ReferenceGrad(const NoAttrs&, const ReferenceArgs& args) {
  MapBinary<T>(args, [](T y, T dy) { return y > 0 ? dy : T(0); });
}

template void Reference<float>(const NoAttrs&, const ReferenceArgs&);
template void Reference<double>(const NoAttrs&, const ReferenceArgs&);
template void ReferenceGrad<float>(const NoAttrs&, const ReferenceArgs&);
template void ReferenceGrad<double>(const NoAttrs&, const ReferenceArgs&);

}  // namespace lockstep::ops::relu
