// SPDX-License-Identifier: Apache-2.0
#include "ops/metric/class_counts/class_counts_cpu.h"

#include <algorithm>

#include "ops/core/prediction.h"

namespace lockstep::ops::class_counts {

template <typename T>
void Reference(const NoAttrs&, const ReferenceArgs& args) {
  const int64_t rows = args.in_shape(0)[0], classes = args.in_shape(0)[1];
  int64_t* const hits = args.out<int64_t>(0);
  int64_t* const predicted = hits + classes;
  int64_t* const labelled = predicted + classes;
  std::fill_n(hits, 3 * classes, 0);
  for (int64_t row = 0; row < rows; ++row) {
    const int64_t prediction = Prediction(args.in<T>(0) + row * classes, classes);
    const int64_t label = args.in<int32_t>(1)[row];
    if (prediction < 0 || label < 0 || label >= classes) continue;
    if (prediction == label) ++hits[label];
    ++predicted[prediction];
    ++labelled[label];
  }
}

template void Reference<float>(const NoAttrs&, const ReferenceArgs&);
template void Reference<double>(const NoAttrs&, const ReferenceArgs&);

}  // namespace lockstep::ops::class_counts
