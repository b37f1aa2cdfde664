// SPDX-License-Identifier: Apache-2.0
#include "ops/loss/top1/top1_cpu.h"

namespace lockstep::ops::top1 {

namespace {

// Index of the largest logit, the lowest of equals; -1 if any is NaN or there is none.
template <typename T>
int64_t Prediction(const T* logits, int64_t classes) {
  int64_t best = -1;
  for (int64_t k = 0; k < classes; ++k) {
    if (logits[k] != logits[k]) return -1;
    if (best < 0 || logits[k] > logits[best]) best = k;
  }
  return best;
}

}  // namespace

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
