// SPDX-License-Identifier: Apache-2.0
#include "ops/math/keep_rows/keep_rows_cpu.h"

namespace lockstep::ops::keep_rows {

template <typename T>
void Reference(const NoAttrs&, const ReferenceArgs& args) {
  const T* x = args.in<T>(0);
  const int32_t* count = args.in<int32_t>(1);
  T* y = args.out<T>(0);
  const int64_t rows = args.in_shape(0)[0];
  const int64_t each = rows == 0 ? 0 : args.in_shape(0).elements() / rows;
  for (int64_t n = 0; n < rows; ++n, x += each, y += each) {
    for (int64_t i = 0; i < each; ++i) y[i] = count[n] > 0 ? x[i] : T(0);
  }
}

template void Reference<float>(const NoAttrs&, const ReferenceArgs&);
template void Reference<double>(const NoAttrs&, const ReferenceArgs&);

}  // namespace lockstep::ops::keep_rows
