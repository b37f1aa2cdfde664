// SPDX-License-Identifier: Apache-2.0
#include "ops/metric/confusion_matrix/confusion_matrix_cpu.h"

#include <algorithm>

#include "ops/core/prediction.h"

namespace lockstep::ops::confusion_matrix {

template <typename T>
void Reference(const NoAttrs&, const ReferenceArgs& args) {
  const int64_t rows = args.in_shape(0)[0], classes = args.in_shape(0)[1];
  int64_t* counts = args.out<int64_t>(0);
  std::fill_n(counts, classes * classes, 0);
  for (int64_t row = 0; row < rows; ++row) {
    const int64_t prediction = Prediction(args.in<T>(0) + row * classes, classes);
    const int64_t label = args.in<int32_t>(1)[row];
    if (prediction >= 0 && label >= 0 && label < classes) ++counts[label * classes + prediction];
  }
}

template void Reference<float>(const NoAttrs&, const ReferenceArgs&);
template void Reference<double>(const NoAttrs&, const ReferenceArgs&);

}  // namespace lockstep::ops::confusion_matrix
