// SPDX-License-Identifier: Apache-2.0
#include "ops/math/scale_columns/scale_columns_cpu.h"

namespace lockstep::ops::scale_columns {

template <typename T>
void Reference(const ScaleColumnsAttrs& attrs, const ReferenceArgs& args) {
  const T* x = args.in<T>(0);
  T* y = args.out<T>(0);
  const size_t columns = attrs.factors.size();
  const auto n = static_cast<size_t>(args.out_shape(0).elements());
  for (size_t i = 0; i < n; ++i) y[i] = x[i] * static_cast<T>(attrs.factors[i % columns]);
}

template void Reference<float>(const ScaleColumnsAttrs&, const ReferenceArgs&);
template void Reference<double>(const ScaleColumnsAttrs&, const ReferenceArgs&);

}  // namespace lockstep::ops::scale_columns
