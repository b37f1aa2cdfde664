// SPDX-License-Identifier: Apache-2.0
#include "ops/loss/pixel_cross_entropy/pixel_cross_entropy_cpu.h"

#include <algorithm>

#include "base/math.h"
#include "ops/core/last_axis.h"
#include "ops/loss/pixel_cross_entropy/pixel_cross_entropy_pixel.h"

namespace lockstep::ops::pixel_cross_entropy {
namespace {

// Writes the probabilities of one pixel, which may overwrite its logits, and returns the logarithm
// of that of `label`, which is a class, or 0 where it is -1. `exponentials` is scratch (K).
template <typename T>
double Softmax(const T* logits, int32_t label, int64_t classes, double* exponentials,
               T* probabilities) {
  double max = static_cast<double>(logits[0]);
  for (int64_t k = 1; k < classes; ++k) max = std::max(max, static_cast<double>(logits[k]));
  double sum = 0.0;
  for (int64_t k = 0; k < classes; ++k) {
    exponentials[k] = math::Exp(static_cast<double>(logits[k]) - max);
    sum += exponentials[k];
  }
  const double own = label < 0 ? 0.0 : static_cast<double>(logits[label]) - max - math::Log(sum);
  for (int64_t k = 0; k < classes; ++k) probabilities[k] = static_cast<T>(exponentials[k] / sum);
  return own;
}

}  // namespace

int64_t Workspace(const PixelCrossEntropyAttrs&, const NodeSpec& node) {
  return node.in[0].shape[3] * static_cast<int64_t>(sizeof(double));
}

template <typename T>
void Reference(const PixelCrossEntropyAttrs& attrs, const ReferenceArgs& args) {
  const RowsOfChannels pixels(args.in_shape(0));
  const int64_t classes = pixels.channels;
  double* const exponentials = static_cast<double*>(args.run.workspace);
  double numerator = 0.0, denominator = 0.0;
  for (int64_t i = 0; i < pixels.rows; ++i) {
    const int32_t label = args.in<int32_t>(1)[i];
    const bool exists = label >= 0 && label < classes && !IsIgnored(label, attrs.ignore);
    const double log_p = Softmax(args.in<T>(0) + i * classes, exists ? label : -1, classes,
                                 exponentials, args.out<T>(2) + i * classes);
    if (IsIgnored(label, attrs.ignore)) continue;
    const double weight = exists ? WeightOf(attrs, label) : 1.0;
    const double rest = 1.0 - math::Exp(log_p);
    numerator -= exists ? attrs.alpha * weight * Focus(rest, attrs.gamma) * log_p : kNaN;
    denominator += weight;
  }
  *args.out<double>(0) = numerator;
  *args.out<double>(1) = denominator;
}

template <typename T>
void ReferenceGrad(const PixelCrossEntropyAttrs& attrs, const ReferenceArgs& args) {
  const RowsOfChannels pixels(args.in_shape(0));
  const int64_t classes = pixels.channels;
  const double dnumerator = *args.in<double>(2);
  for (int64_t i = 0; i < pixels.rows; ++i) {
    const T* const p = args.in<T>(0) + i * classes;
    T* const dlogits = args.out<T>(0) + i * classes;
    const int32_t label = args.in<int32_t>(1)[i];
    if (IsIgnored(label, attrs.ignore)) {
      std::fill_n(dlogits, classes, T(0));
      continue;
    }
    const bool exists = label >= 0 && label < classes;
    const double slope =
        exists ? Slope(attrs, WeightOf(attrs, label), static_cast<double>(p[label])) : kNaN;
    for (int64_t k = 0; k < classes; ++k) {
      const double own = k == label ? 1.0 : 0.0;
      dlogits[k] = static_cast<T>(slope * (own - static_cast<double>(p[k])) * dnumerator);
    }
  }
}

template void Reference<float>(const PixelCrossEntropyAttrs&, const ReferenceArgs&);
template void Reference<double>(const PixelCrossEntropyAttrs&, const ReferenceArgs&);
template void ReferenceGrad<float>(const PixelCrossEntropyAttrs&, const ReferenceArgs&);
template void ReferenceGrad<double>(const PixelCrossEntropyAttrs&, const ReferenceArgs&);

}  // namespace lockstep::ops::pixel_cross_entropy
