// SPDX-License-Identifier: Apache-2.0
#include "ops/loss/dice/dice_cpu.h"

#include <algorithm>
#include <limits>

#include "base/math.h"
#include "ops/core/mask_target.h"

namespace lockstep::ops::dice {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr int64_t kSums = 3;  // I, P, T

// The softmax of one pixel, into `p` (K) and, rounded, into `probabilities`.
template <typename T>
void Softmax(const T* logits, int64_t classes, double* p, T* probabilities) {
  double max = static_cast<double>(logits[0]);
  for (int64_t k = 1; k < classes; ++k) max = std::max(max, static_cast<double>(logits[k]));
  double sum = 0.0;
  for (int64_t k = 0; k < classes; ++k) {
    p[k] = math::Exp(static_cast<double>(logits[k]) - max);
    sum += p[k];
  }
  for (int64_t k = 0; k < classes; ++k) {
    p[k] /= sum;
    probabilities[k] = static_cast<T>(p[k]);
  }
}

// 1 - mean dice of one row.
double LossOf(const DiceAttrs& a, const double* sums, int64_t classes) {
  double total = 0.0;
  for (int64_t k = a.first_class; k < classes; ++k) {
    const double* const s = sums + k * kSums;
    total += (2.0 * s[0] + a.smooth) / (s[1] + s[2] + a.smooth);
  }
  return 1.0 - total / static_cast<double>(classes - a.first_class);
}

}  // namespace

int64_t Workspace(const DiceAttrs&, const NodeSpec& node) {
  return 2 * node.in[0].shape[3] * static_cast<int64_t>(sizeof(double));
}

template <typename T>
void Reference(const DiceAttrs& attrs, const ReferenceArgs& args) {
  const Shape& shape = args.in_shape(0);
  const int64_t pixels = shape[1] * shape[2], classes = shape[3];
  double* const p = static_cast<double*>(args.run.workspace);
  double numerator = 0.0;
  for (int64_t n = 0; n < shape[0]; ++n) {
    double* const sums = args.out<double>(3) + n * classes * kSums;
    std::fill_n(sums, classes * kSums, 0.0);
    bool exists = true;
    for (int64_t i = n * pixels; i < (n + 1) * pixels; ++i) {
      const int32_t label = args.in<int32_t>(1)[i];
      Softmax(args.in<T>(0) + i * classes, classes, p, args.out<T>(2) + i * classes);
      if (IsIgnored(label, attrs.ignore)) continue;
      for (int64_t k = 0; k < classes; ++k) {
        sums[k * kSums + 1] += attrs.squared ? p[k] * p[k] : p[k];
      }
      if (label < 0 || label >= classes) {
        exists = false;
      } else {
        sums[label * kSums] += p[label];
        sums[label * kSums + 2] += 1.0;
      }
    }
    numerator += exists ? LossOf(attrs, sums, classes) : kNaN;
  }
  *args.out<double>(0) = numerator;
  *args.out<double>(1) = static_cast<double>(shape[0]);
}

template <typename T>
void ReferenceGrad(const DiceAttrs& attrs, const ReferenceArgs& args) {
  const Shape& shape = args.in_shape(0);
  const int64_t pixels = shape[1] * shape[2], classes = shape[3];
  const double dnumerator = *args.in<double>(3);
  // d loss / d I and d loss / d P of each class.
  double* const by_i = static_cast<double*>(args.run.workspace);
  double* const by_p = by_i + classes;
  for (int64_t n = 0; n < shape[0]; ++n) {
    for (int64_t k = 0; k < classes; ++k) {
      const double* const s = args.in<double>(2) + (n * classes + k) * kSums;
      const double below = s[1] + s[2] + attrs.smooth;
      const double factor =
          k < attrs.first_class
              ? 0.0
              : dnumerator / (below * static_cast<double>(classes - attrs.first_class));
      by_i[k] = -2.0 * factor;
      by_p[k] = factor * (2.0 * s[0] + attrs.smooth) / below;
    }
    for (int64_t i = n * pixels; i < (n + 1) * pixels; ++i) {
      const T* const p = args.in<T>(0) + i * classes;
      T* const dlogits = args.out<T>(0) + i * classes;
      const int32_t label = args.in<int32_t>(1)[i];
      const bool counted = !IsIgnored(label, attrs.ignore);
      const auto slope = [&](int64_t k) {  // d loss / d p[k]
        const double v = static_cast<double>(p[k]);
        return (attrs.squared ? 2.0 * v * by_p[k] : by_p[k]) + (k == label ? by_i[k] : 0.0);
      };
      double mean = 0.0;
      for (int64_t k = 0; k < classes; ++k) mean += slope(k) * static_cast<double>(p[k]);
      for (int64_t k = 0; k < classes; ++k) {
        const double d = counted ? static_cast<double>(p[k]) * (slope(k) - mean) : 0.0;
        dlogits[k] = static_cast<T>(d);
      }
    }
  }
}

template void Reference<float>(const DiceAttrs&, const ReferenceArgs&);
template void Reference<double>(const DiceAttrs&, const ReferenceArgs&);
template void ReferenceGrad<float>(const DiceAttrs&, const ReferenceArgs&);
template void ReferenceGrad<double>(const DiceAttrs&, const ReferenceArgs&);

}  // namespace lockstep::ops::dice
