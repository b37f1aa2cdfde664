// SPDX-License-Identifier: Apache-2.0
#include "ops/optim/ema/ema_cpu.h"

#include "ops/core/moments_reference.h"

namespace lockstep::ops::ema {

template <typename T>
void Reference(const NoAttrs&, const ReferenceArgs& args) {
  const T *average = args.in<T>(0), *param = args.in<T>(1);
  const auto weight = static_cast<double>(*args.in<T>(2));
  for (int64_t i = 0; i < args.out_shape(0).elements(); ++i) {
    args.out<T>(0)[i] = Between(average[i], param[i], weight);
  }
}

template void Reference<float>(const NoAttrs&, const ReferenceArgs&);
template void Reference<double>(const NoAttrs&, const ReferenceArgs&);

}  // namespace lockstep::ops::ema
