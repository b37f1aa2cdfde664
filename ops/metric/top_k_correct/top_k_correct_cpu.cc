// SPDX-License-Identifier: Apache-2.0
#include "ops/metric/top_k_correct/top_k_correct_cpu.h"

#include "ops/core/prediction.h"

namespace lockstep::ops::top_k_correct {

template <typename T>
void Reference(const TopKAttrs& attrs, const ReferenceArgs& args) {
  const int64_t rows = args.in_shape(0)[0], classes = args.in_shape(0)[1];
  int64_t correct = 0;
  for (int64_t row = 0; row < rows; ++row) {
    const int64_t rank = RankOf(args.in<T>(0) + row * classes, classes, args.in<int32_t>(1)[row]);
    if (rank >= 0 && rank < attrs.k) ++correct;
  }
  *args.out<int64_t>(0) = correct;
}

template void Reference<float>(const TopKAttrs&, const ReferenceArgs&);
template void Reference<double>(const TopKAttrs&, const ReferenceArgs&);

}  // namespace lockstep::ops::top_k_correct
