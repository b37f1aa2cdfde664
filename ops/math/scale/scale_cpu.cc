// SPDX-License-Identifier: Apache-2.0
#include "ops/math/scale/scale_cpu.h"

namespace lockstep::ops::scale {

template <typename T>
void Reference(const NoAttrs&, const ReferenceArgs& args) {
  const T* x = args.in<T>(0);
  T* y = args.out<T>(0);
  const bool wide = args.node.in[1].dtype == DType::kFloat64;
  const T s = wide ? static_cast<T>(*args.in<double>(1)) : *args.in<T>(1);
  const int64_t n = args.out_shape(0).elements();
  for (int64_t i = 0; i < n; ++i) y[i] = x[i] * s;
}

template void Reference<float>(const NoAttrs&, const ReferenceArgs&);
template void Reference<double>(const NoAttrs&, const ReferenceArgs&);

}  // namespace lockstep::ops::scale
