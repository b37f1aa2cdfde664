// SPDX-License-Identifier: Apache-2.0
// Computes in double. The pixels of a row are cut into runs (SoftmaxRuns); a run adds them in
// order, and the runs of a row are added in order.
#include <algorithm>
#include <limits>

#include "ops/core/mask_target.h"
#include "ops/core/parallel.h"
#include "ops/core/scratch.h"
#include "ops/core/simd_kernel.h"
#include "ops/core/softmax_simd.h"
#include "ops/loss/dice/dice.h"

namespace lockstep::ops::dice {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// Sums of a run over its pixels, a number for each class.
struct RunSums {
  double *overlap, *mass, *count;  // I, P, T
  bool* exists;                    // whether all its labels are classes

  RunSums(int64_t classes, Scratch* s)
      : overlap(s->Take<double>(classes)),
        mass(s->Take<double>(classes)),
        count(s->Take<double>(classes)),
        exists(s->Take<bool>(1)) {}
};

int64_t RunSumsBytes(int64_t classes) {
  Scratch scratch;
  RunSums(classes, &scratch);
  return scratch.bytes();
}

struct Layout {
  int64_t pixels, classes;  // of a row
  SoftmaxRuns of;           // of one row
  char* sums;               // (rows, runs), RunSums each
  double* blocks;           // (rows, runs, block, classes)

  Layout(const Shape& logits, Scratch* s)
      : pixels(logits[1] * logits[2]),
        classes(logits[3]),
        of(pixels, classes, std::max<int64_t>(1, 32 / std::max<int64_t>(1, logits[0]))),
        sums(s->Take<char>(logits[0] * of.runs * RunSumsBytes(classes))),
        blocks(s->Take<double>(logits[0] * of.runs * of.doubles())) {}
  RunSums SumsOf(int64_t part) const {
    Scratch scratch(sums + part * RunSumsBytes(classes));
    return RunSums(classes, &scratch);
  }
};

int64_t Workspace(const DiceAttrs&, const NodeSpec& node) {
  Scratch scratch;
  Layout(node.in[0].shape, &scratch);
  return scratch.bytes();
}

// Adds a pixel, p its probabilities.
LOCKSTEP_INLINE inline void Add(const DiceAttrs& attrs, int32_t label, int64_t classes,
                                const double* p, const RunSums& sums) {
  if (IsIgnored(label, attrs.ignore)) return;
  double* const mass = sums.mass;
  LOCKSTEP_INDEPENDENT
  for (int64_t k = 0; k < classes; ++k) mass[k] += attrs.squared ? p[k] * p[k] : p[k];
  if (label < 0 || label >= classes) {
    *sums.exists = false;
    return;
  }
  sums.overlap[label] += p[label];
  sums.count[label] += 1.0;
}

// One run: probabilities, which may overwrite logits, and the sums.
void ForwardRun(const DiceAttrs& attrs, const SimdArgs& args, const Layout& l, int64_t part) {
  const int64_t classes = l.classes, row = part / l.of.runs, run = part % l.of.runs;
  const int64_t end = row * l.pixels + std::min(l.pixels, (run + 1) * l.of.grain);
  const RunSums sums = l.SumsOf(part);
  for (double* const of : {sums.overlap, sums.mass, sums.count}) std::fill_n(of, classes, 0.0);
  *sums.exists = true;
  RunForIsa(args.isa, [&]() LOCKSTEP_INLINE {
    double* const v = l.blocks + part * l.of.doubles();
    for (int64_t begin = row * l.pixels + run * l.of.grain; begin < end; begin += l.of.block) {
      const int64_t n = std::min(l.of.block, end - begin);
      SubtractMax(args.in<float>(0) + begin * classes, n, classes, v);
      ExpNotPositive(n * classes, v);
      float* rounded = args.out<float>(2) + begin * classes;
      for (int64_t i = 0; i < n; ++i, rounded += classes) {
        double* const p = v + i * classes;
        double sum = p[0];
        for (int64_t k = 1; k < classes; ++k) sum += p[k];
        LOCKSTEP_INDEPENDENT
        for (int64_t k = 0; k < classes; ++k) {
          p[k] /= sum;
          rounded[k] = static_cast<float>(p[k]);
        }
        Add(attrs, args.in<int32_t>(1)[begin + i], classes, p, sums);
      }
    }
  });
}

// Adds up the runs of a row, into (K, 3); returns 1 - its mean dice.
double CombineRow(const DiceAttrs& attrs, const Layout& l, int64_t row, double* out) {
  std::fill_n(out, l.classes * 3, 0.0);
  bool exists = true;
  for (int64_t run = 0; run < l.of.runs; ++run) {
    const RunSums sums = l.SumsOf(row * l.of.runs + run);
    for (int64_t k = 0; k < l.classes; ++k) {
      out[3 * k] += sums.overlap[k];
      out[3 * k + 1] += sums.mass[k];
      out[3 * k + 2] += sums.count[k];
    }
    exists = exists && *sums.exists;
  }
  if (!exists) return kNaN;
  double total = 0.0;
  for (int64_t k = attrs.first_class; k < l.classes; ++k) {
    const double* const s = out + 3 * k;
    total += (2.0 * s[0] + attrs.smooth) / (s[1] + s[2] + attrs.smooth);
  }
  return 1.0 - total / static_cast<double>(l.classes - attrs.first_class);
}

void Forward(const DiceAttrs& attrs, const SimdArgs& args) {
  Scratch scratch(args.run.workspace);
  const Layout l(args.in_shape(0), &scratch);
  const int64_t rows = args.in_shape(0)[0];
  ForParts(args.threads, rows * l.of.runs, [&](int64_t part) { ForwardRun(attrs, args, l, part); });
  double numerator = 0.0;
  for (int64_t row = 0; row < rows; ++row) {
    numerator += CombineRow(attrs, l, row, args.out<double>(3) + row * l.classes * 3);
  }
  *args.out<double>(0) = numerator;
  *args.out<double>(1) = static_cast<double>(rows);
}

// What the gradient needs of each row and class: d loss / d I and d loss / d P.
struct Slopes {
  double *by_i, *by_p;  // (N, K)

  Slopes(const Shape& logits, Scratch* s)
      : by_i(s->Take<double>(logits[0] * logits[3])),
        by_p(s->Take<double>(logits[0] * logits[3])) {}
};

int64_t WorkspaceGrad(const DiceAttrs&, const NodeSpec& node) {
  Scratch scratch;
  Slopes(node.in[0].shape, &scratch);
  return scratch.bytes();
}

// dlogits of one pixel: p_k (slope_k - sum_j slope_j p_j), slope_k = d loss / d p_k.
LOCKSTEP_INLINE inline void GradPixel(bool squared, int32_t label, int64_t classes, const float* p,
                                      const double* by_i, const double* by_p, float* dlogits) {
  const auto slope = [&](int64_t k, double v) LOCKSTEP_INLINE {
    return (squared ? 2.0 * v * by_p[k] : by_p[k]) + (k == label ? by_i[k] : 0.0);
  };
  double mean = 0.0;
  for (int64_t k = 0; k < classes; ++k) {
    const double v = static_cast<double>(p[k]);
    mean += slope(k, v) * v;
  }
  LOCKSTEP_INDEPENDENT
  for (int64_t k = 0; k < classes; ++k) {
    const double v = static_cast<double>(p[k]);
    dlogits[k] = static_cast<float>(v * (slope(k, v) - mean));
  }
}

// (probabilities, mask, sums, dnumerator) -> dlogits.
void Grad(const DiceAttrs& attrs, const SimdArgs& args) {
  const Shape& shape = args.in_shape(0);
  const int64_t pixels = shape[1] * shape[2], classes = shape[3];
  Scratch scratch(args.run.workspace);
  const Slopes slopes(shape, &scratch);
  const double dnumerator = *args.in<double>(3);
  for (int64_t i = 0; i < shape[0] * classes; ++i) {
    const double* const s = args.in<double>(2) + 3 * i;
    const double below = s[1] + s[2] + attrs.smooth;
    const bool counts = i % classes >= attrs.first_class;
    const double factor =
        counts ? dnumerator / (below * static_cast<double>(classes - attrs.first_class)) : 0.0;
    slopes.by_i[i] = -2.0 * factor;
    slopes.by_p[i] = factor * (2.0 * s[0] + attrs.smooth) / below;
  }
  ForRuns(args.threads, shape[0] * pixels, 1 + 8191 / classes, [&](Range run) {
    RunForIsa(args.isa, [&]() LOCKSTEP_INLINE {
      for (int64_t i = run.begin; i < run.end; ++i) {
        const int32_t label = args.in<int32_t>(1)[i];
        float* const dlogits = args.out<float>(0) + i * classes;
        if (IsIgnored(label, attrs.ignore)) {
          for (int64_t k = 0; k < classes; ++k) dlogits[k] = 0.0f;
          continue;
        }
        const int64_t row = i / pixels * classes;
        GradPixel(attrs.squared, label, classes, args.in<float>(0) + i * classes, slopes.by_i + row,
                  slopes.by_p + row, dlogits);
      }
    });
  });
}

}  // namespace

void RegisterSimd(OpRegistry& registry) {
  registry.AddKernel("dice", SimdKernel<DiceAttrs>({.run = Forward, .workspace = Workspace}));
  registry.AddKernel("dice_grad", SimdKernel<DiceAttrs>({.run = Grad, .workspace = WorkspaceGrad}));
}

}  // namespace lockstep::ops::dice
