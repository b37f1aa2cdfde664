// SPDX-License-Identifier: Apache-2.0
#include "ops/loss/cross_entropy/cross_entropy_cpu.h"

#include <algorithm>
#include <limits>

#include "base/math.h"

namespace lockstep::ops::cross_entropy {

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// The loss of one row, -sum_k q_k log p_k, and its probabilities, which may overwrite the logits.
// `exponentials` is scratch (K).
template <typename T>
double Row(const T* logits, int32_t label, int64_t classes, double smoothing, double* exponentials,
           T* probabilities) {
  double max = static_cast<double>(logits[0]);
  for (int64_t k = 1; k < classes; ++k) max = std::max(max, static_cast<double>(logits[k]));
  double sum = 0.0, shifted_sum = 0.0;
  for (int64_t k = 0; k < classes; ++k) {
    const double shifted = static_cast<double>(logits[k]) - max;
    exponentials[k] = math::Exp(shifted);
    sum += exponentials[k];
    shifted_sum += shifted;
  }
  const bool exists = LabelExists(label, classes);
  const double own = exists ? static_cast<double>(logits[label]) - max : kNaN;
  for (int64_t k = 0; k < classes; ++k) probabilities[k] = static_cast<T>(exponentials[k] / sum);
  const double log_sum = math::Log(sum);
  if (smoothing == 0.0) return log_sum - own;
  const double uniform_loss = log_sum - shifted_sum / static_cast<double>(classes);
  return (1.0 - smoothing) * (log_sum - own) + smoothing * uniform_loss;
}

}  // namespace

int64_t Workspace(const CrossEntropyAttrs&, const NodeSpec& node) {
  return node.in[0].shape[1] * static_cast<int64_t>(sizeof(double));
}

template <typename T>
void Reference(const CrossEntropyAttrs& attrs, const ReferenceArgs& args) {
  const int64_t rows = args.in_shape(0)[0], classes = args.in_shape(0)[1];
  double* exponentials = static_cast<double*>(args.run.workspace);
  double numerator = 0.0;
  for (int64_t row = 0; row < rows; ++row) {
    numerator += Row(args.in<T>(0) + row * classes, args.in<int32_t>(1)[row], classes,
                     attrs.label_smoothing, exponentials, args.out<T>(2) + row * classes);
  }
  *args.out<double>(0) = numerator;
  *args.out<double>(1) = static_cast<double>(rows);
}

template <typename T>
void ReferenceGrad(const CrossEntropyAttrs& attrs, const ReferenceArgs& args) {
  const int64_t rows = args.in_shape(0)[0], classes = args.in_shape(0)[1];
  const T* p = args.in<T>(0);
  const double dnumerator = *args.in<double>(2);
  T* dlogits = args.out<T>(0);
  const double other = attrs.label_smoothing / static_cast<double>(classes);
  const double own = 1.0 - attrs.label_smoothing + other;
  for (int64_t row = 0; row < rows; ++row) {
    const int32_t label = args.in<int32_t>(1)[row];
    const bool exists = LabelExists(label, classes);
    for (int64_t k = 0; k < classes; ++k, ++p, ++dlogits) {
      const double q = !exists ? kNaN : k == label ? own : other;
      *dlogits = static_cast<T>((static_cast<double>(*p) - q) * dnumerator);
    }
  }
}

template void Reference<float>(const CrossEntropyAttrs&, const ReferenceArgs&);
template void Reference<double>(const CrossEntropyAttrs&, const ReferenceArgs&);
template void ReferenceGrad<float>(const CrossEntropyAttrs&, const ReferenceArgs&);
template void ReferenceGrad<double>(const CrossEntropyAttrs&, const ReferenceArgs&);

}  // namespace lockstep::ops::cross_entropy
