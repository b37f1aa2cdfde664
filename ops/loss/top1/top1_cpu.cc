// SPDX-License-Identifier: Apache-2.0
#include "ops/loss/top1/top1_cpu.h"

#include "ops/core/prediction.h"

namespace lockstep::ops::top1 {

template <typename T>
void Reference(const NoAttrs&, const ReferenceArgs& args) {
  const int64_t rows = args.in_shape(0)[0], classes = args.in_shape(0)[1];
  int64_t correct = 0;
  for (int64_t row = 0; row < rows; ++row) {
    const int64_t prediction = Prediction(args.in<T>(0) + row * classes, classes);
    if (prediction >= 0 && prediction == args.in<int32_t>(1)[row]) ++correct;
  }
  *args.out<int64_t>(0) = correct;
}

template void Reference<float>(const NoAttrs&, const ReferenceArgs&);
template void Reference<double>(const NoAttrs&, const ReferenceArgs&);

}  // namespace lockstep::ops::top1
