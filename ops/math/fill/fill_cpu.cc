// SPDX-License-Identifier: Apache-2.0
#include "ops/math/fill/fill_cpu.h"

#include <algorithm>

namespace lockstep::ops::fill {

template <typename T>
void Reference(const FillAttrs& attrs, const ReferenceArgs& args) {
  std::fill_n(args.out<T>(0), args.out_shape(0).elements(), static_cast<T>(attrs.value));
}

template void Reference<float>(const FillAttrs&, const ReferenceArgs&);
template void Reference<double>(const FillAttrs&, const ReferenceArgs&);

}  // namespace lockstep::ops::fill
