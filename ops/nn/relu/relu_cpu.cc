// SPDX-License-Identifier: Apache-2.0
#include "ops/nn/relu/relu_cpu.h"

namespace lockstep::ops::relu {

template <typename T>
void Reference(const NoAttrs&, const ReferenceArgs& args) {
  const T* x = args.in<T>(0);
  T* y = args.out<T>(0);
  const int64_t n = args.out_shape(0).elements();
  for (int64_t i = 0; i < n; ++i) y[i] = x[i] < 0 ? T(0) : x[i];
}

template <typename T>
void ReferenceGrad(const NoAttrs&, const ReferenceArgs& args) {
  const T* y = args.in<T>(0);
  const T* dy = args.in<T>(1);
  T* dx = args.out<T>(0);
  const int64_t n = args.out_shape(0).elements();
  for (int64_t i = 0; i < n; ++i) dx[i] = y[i] > 0 ? dy[i] : T(0);
}

template void Reference<float>(const NoAttrs&, const ReferenceArgs&);
template void Reference<double>(const NoAttrs&, const ReferenceArgs&);
template void ReferenceGrad<float>(const NoAttrs&, const ReferenceArgs&);
template void ReferenceGrad<double>(const NoAttrs&, const ReferenceArgs&);

}  // namespace lockstep::ops::relu
