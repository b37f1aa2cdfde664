// SPDX-License-Identifier: Apache-2.0
#include "ops/math/add/add_cpu.h"

namespace lockstep::ops::add {

template <typename T>
void Reference(const NoAttrs&, const ReferenceArgs& args) {
  const T* a = args.in<T>(0);
  const T* b = args.in<T>(1);
  T* y = args.out<T>(0);
  const int64_t n = args.out_shape(0).elements();
  for (int64_t i = 0; i < n; ++i) y[i] = a[i] + b[i];
}

template void Reference<float>(const NoAttrs&, const ReferenceArgs&);
template void Reference<double>(const NoAttrs&, const ReferenceArgs&);

}  // namespace lockstep::ops::add
