// SPDX-License-Identifier: Apache-2.0
#include "ops/norm/running_average/running_average_cpu.h"

#include "ops/core/elementwise.h"

namespace lockstep::ops::running_average {

template <typename T>
void Reference(const RunningAverageAttrs& attrs, const ReferenceArgs& args) {
  const double count = *args.in<double>(2);
  if (count == 0.0) {
    CopyElements(args);
    return;
  }
  const T* running = args.in<T>(0);
  const double* total = args.in<double>(1);
  T* y = args.out<T>(0);
  const T keep = static_cast<T>(1.0 - attrs.momentum);
  const T take = static_cast<T>(attrs.momentum);
  const int64_t n = args.out_shape(0).elements();
  for (int64_t i = 0; i < n; ++i) {
    const T batch = static_cast<T>(total[i] / count);
    y[i] = keep * running[i] + take * batch;
  }
}

template void Reference<float>(const RunningAverageAttrs&, const ReferenceArgs&);
template void Reference<double>(const RunningAverageAttrs&, const ReferenceArgs&);

}  // namespace lockstep::ops::running_average
