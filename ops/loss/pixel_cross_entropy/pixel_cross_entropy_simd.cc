// SPDX-License-Identifier: Apache-2.0
// Computes in double. A run of pixels (SoftmaxRuns) adds them in order, and the runs are added in
// order.
#include <algorithm>

#include "base/device/for_isa.h"
#include "base/math.h"
#include "ops/core/last_axis.h"
#include "ops/core/parallel.h"
#include "ops/core/scratch.h"
#include "ops/core/simd_kernel.h"
#include "ops/core/softmax_simd.h"
#include "ops/loss/pixel_cross_entropy/pixel_cross_entropy_pixel.h"

namespace lockstep::ops::pixel_cross_entropy {
namespace {

struct Layout {
  int64_t pixels;
  SoftmaxRuns of;
  double *numerators, *denominators;  // (runs)
  double* blocks;                     // (runs, block, classes)

  Layout(const Shape& logits, Scratch* s)
      : pixels(RowsOfChannels(logits).rows),
        of(pixels, logits[3]),
        numerators(s->Take<double>(of.runs)),
        denominators(s->Take<double>(of.runs)),
        blocks(s->Take<double>(of.runs * of.doubles())) {}
};

int64_t Workspace(const PixelCrossEntropyAttrs&, const NodeSpec& node) {
  Scratch scratch;
  Layout(node.in[0].shape, &scratch);
  return scratch.bytes();
}

struct Sums {
  double numerator = 0.0, denominator = 0.0;
};

// Adds a pixel whose class is `label`, e its exponentials, `sum` their sum.
inline void Add(const PixelCrossEntropyAttrs& attrs, int32_t label, int64_t classes,
                const double* e, double sum, double shifted, Sums* sums) {
  if (IsIgnored(label, attrs.ignore)) return;
  if (label < 0 || label >= classes) {
    sums->numerator = kNaN;
    sums->denominator += 1.0;
    return;
  }
  const double weight = WeightOf(attrs, label);
  const double log_p = shifted - math::Log(sum);
  const double rest = attrs.gamma == 0.0 ? 0.0 : 1.0 - e[label] / sum;
  sums->numerator -= attrs.alpha * weight * Focus(rest, attrs.gamma) * log_p;
  sums->denominator += weight;
}

// Probabilities may overwrite logits.
void Forward(const PixelCrossEntropyAttrs& attrs, const SimdArgs& args) {
  Scratch scratch(args.run.workspace);
  const Layout l(args.in_shape(0), &scratch);
  const int64_t classes = l.of.classes;
  const int32_t* const labels = args.in<int32_t>(1);
  ForRuns(args.threads, l.pixels, l.of.grain, [&](Range run) {
    RunForIsa(args.isa, [&]() LOCKSTEP_INLINE {
      const int64_t number = run.begin / l.of.grain;
      double* const v = l.blocks + number * l.of.doubles();
      Sums sums;
      for (int64_t begin = run.begin; begin < run.end; begin += l.of.block) {
        const int64_t n = std::min(l.of.block, run.end - begin);
        const float* const logits = args.in<float>(0) + begin * classes;
        SubtractMax(logits, n, classes, v);
        double shifted[1024];  // of each pixel's own class
        for (int64_t i = 0; i < n; ++i) {
          const int32_t label = labels[begin + i];
          shifted[i] = label >= 0 && label < classes ? v[i * classes + label] : 0.0;
        }
        ExpNotPositive(n * classes, v);
        float* p = args.out<float>(2) + begin * classes;
        for (int64_t i = 0; i < n; ++i, p += classes) {
          const double* const e = v + i * classes;
          double sum = e[0];
          for (int64_t k = 1; k < classes; ++k) sum += e[k];
          for (int64_t k = 0; k < classes; ++k) p[k] = static_cast<float>(e[k] / sum);
          Add(attrs, labels[begin + i], classes, e, sum, shifted[i], &sums);
        }
      }
      l.numerators[number] = sums.numerator;
      l.denominators[number] = sums.denominator;
    });
  });
  double numerator = 0.0, denominator = 0.0;
  for (int64_t i = 0; i < l.of.runs; ++i) {
    numerator += l.numerators[i];
    denominator += l.denominators[i];
  }
  *args.out<double>(0) = numerator;
  *args.out<double>(1) = denominator;
}

// (probabilities, mask, dnumerator) -> dlogits, which may overwrite the probabilities.
void Grad(const PixelCrossEntropyAttrs& attrs, const SimdArgs& args) {
  const RowsOfChannels pixels(args.in_shape(0));
  const int64_t classes = pixels.channels;
  const double dnumerator = *args.in<double>(2);
  ForRuns(args.threads, pixels.rows, 1 + 8191 / classes, [&](Range run) {
    for (int64_t i = run.begin; i < run.end; ++i) {
      const float* const p = args.in<float>(0) + i * classes;
      float* const dlogits = args.out<float>(0) + i * classes;
      const int32_t label = args.in<int32_t>(1)[i];
      if (IsIgnored(label, attrs.ignore)) {
        std::fill_n(dlogits, classes, 0.0f);
        continue;
      }
      const bool exists = label >= 0 && label < classes;
      const double own = exists ? static_cast<double>(p[label]) : kNaN;
      const double slope = (exists ? Slope(attrs, WeightOf(attrs, label), own) : kNaN) * dnumerator;
      for (int64_t k = 0; k < classes; ++k) {
        dlogits[k] = static_cast<float>(-slope * static_cast<double>(p[k]));
      }
      if (exists) dlogits[label] = static_cast<float>(slope * (1.0 - own));
    }
  });
}

}  // namespace

void RegisterSimd(OpRegistry& registry) {
  registry.AddKernel("pixel_cross_entropy",
                     SimdKernel<PixelCrossEntropyAttrs>({.run = Forward, .workspace = Workspace}));
  registry.AddKernel("pixel_cross_entropy_grad", SimdKernel<PixelCrossEntropyAttrs>({.run = Grad}));
}

}  // namespace lockstep::ops::pixel_cross_entropy
