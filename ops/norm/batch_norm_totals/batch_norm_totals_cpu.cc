// SPDX-License-Identifier: Apache-2.0
#include "ops/norm/batch_norm_totals/batch_norm_totals_cpu.h"

#include <algorithm>

namespace lockstep::ops::batch_norm_totals {

template <typename T>
void Reference(const BatchNormTotalsAttrs& attrs, const ReferenceArgs& args) {
  const int64_t channels = args.in_shape(0)[0];
  const double n = attrs.elements >= 2 ? static_cast<double>(attrs.elements) : 0.0;
  *args.out<double>(0) = n;
  for (size_t i : {0, 1}) {
    const T* v = args.in<T>(i);
    double* total = args.out<double>(i + 1);
    if (n == 0.0) {  // not 0 * v, which is -0.0 or NaN for some v
      std::fill_n(total, channels, 0.0);
      continue;
    }
    for (int64_t c = 0; c < channels; ++c) total[c] = n * static_cast<double>(v[c]);
  }
}

template void Reference<float>(const BatchNormTotalsAttrs&, const ReferenceArgs&);
template void Reference<double>(const BatchNormTotalsAttrs&, const ReferenceArgs&);

}  // namespace lockstep::ops::batch_norm_totals
