// SPDX-License-Identifier: Apache-2.0
// Computes in double and deals rows in runs. A sum over fewer than 16 classes is in order; else
// class k goes to sum k mod 16 of 16 side by side, which are added by halves (8, 4, 2, 1). Rows are
// added in order.
#include <algorithm>
#include <limits>

#include "base/device/for_isa.h"
#include "base/exp_inline.h"
#include "base/math.h"
#include "ops/core/parallel.h"
#include "ops/core/scratch.h"
#include "ops/core/simd_kernel.h"
#include "ops/loss/cross_entropy/cross_entropy.h"

namespace lockstep::ops::cross_entropy {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// A run of rows goes through in blocks of about 1 Ki logits. There are at most 32 runs, since each
// has a block of doubles as scratch.
struct Layout {
  int64_t rows, classes, block, grain;
  double *losses, *blocks;  // (rows), (runs, block, classes)

  Layout(const Shape& logits, Scratch* s)
      : rows(logits[0]),
        classes(logits[1]),
        block(1 + 1023 / classes),
        grain(std::max((rows + 31) / 32, block)),
        losses(s->Take<double>(rows)),
        blocks(s->Take<double>((rows + grain - 1) / grain * block * classes)) {}
};

int64_t Workspace(const CrossEntropyAttrs&, const NodeSpec& node) {
  Scratch scratch;
  Layout(node.in[0].shape, &scratch);
  return scratch.bytes();
}

// v[0], ..., v[n - 1] in one, n > 0, `with` being their addition or maximum.
template <typename With>
LOCKSTEP_INLINE inline double Reduce(const double* v, int64_t n, const With& with) {
  if (n < 16) {
    double all = v[0];
    for (int64_t i = 1; i < n; ++i) all = with(all, v[i]);
    return all;
  }
  double lane[16];
  for (int64_t j = 0; j < 16; ++j) lane[j] = v[j];
  int64_t i = 16;
  for (; i + 16 <= n; i += 16) {
    for (int64_t j = 0; j < 16; ++j) lane[j] = with(lane[j], v[i + j]);
  }
  for (int64_t j = 0; i + j < n; ++j) lane[j] = with(lane[j], v[i + j]);
  for (int64_t half = 8; half > 0; half /= 2) {
    for (int64_t j = 0; j < half; ++j) lane[j] = with(lane[j], lane[j + half]);
  }
  return lane[0];
}

LOCKSTEP_INLINE inline double Sum(const double* v, int64_t n) {
  return Reduce(v, n, [](double a, double b) LOCKSTEP_INLINE { return a + b; });
}

// The maximum of numbers: a NaN makes its row's sums NaN whatever is taken for the maximum.
LOCKSTEP_INLINE inline double Max(const double* v, int64_t n) {
  return Reduce(v, n, [](double a, double b) LOCKSTEP_INLINE { return a < b ? b : a; });
}

// v = logits - max(logits), of one row; returns sum_k q_k v_k.
LOCKSTEP_INLINE inline double Shift(const float* logits, int32_t label, int64_t classes,
                                    double smoothing, double* __restrict v) {
  for (int64_t k = 0; k < classes; ++k) v[k] = static_cast<double>(logits[k]);
  const double max = Max(v, classes);
  for (int64_t k = 0; k < classes; ++k) v[k] -= max;
  const double own = LabelExists(label, classes) ? v[label] : kNaN;
  if (smoothing == 0.0) return own;
  return (1.0 - smoothing) * own + smoothing * (Sum(v, classes) / static_cast<double>(classes));
}

// v = e^v, v <= 0 or NaN. What it makes of those below -707 changes neither a row's sum, which is
// at least 1, nor a float.
LOCKSTEP_INLINE inline void Exponentials(int64_t n, double* __restrict v) {
  for (int64_t k = 0; k < n; ++k) v[k] = v[k] < -707.0 ? -707.0 : v[k];
  for (int64_t k = 0; k < n; ++k) v[k] = math::ExpWithoutBranches(v[k]);
}

// Probabilities may overwrite logits.
void Forward(const CrossEntropyAttrs& attrs, const SimdArgs& args) {
  Scratch scratch(args.run.workspace);
  const Layout l(args.in_shape(0), &scratch);
  const float* const logits = args.in<float>(0);
  const int32_t* const labels = args.in<int32_t>(1);
  float* const probabilities = args.out<float>(2);
  ForRuns(args.threads, l.rows, l.grain, [&](Range run) {
    RunForIsa(args.isa, [&]() LOCKSTEP_INLINE {
      double* const v = l.blocks + run.begin / l.grain * l.block * l.classes;
      for (int64_t begin = run.begin; begin < run.end; begin += l.block) {
        const int64_t n = std::min(l.block, run.end - begin);
        double* const losses = l.losses + begin;
        for (int64_t row = 0; row < n; ++row) {
          losses[row] = Shift(logits + (begin + row) * l.classes, labels[begin + row], l.classes,
                              attrs.label_smoothing, v + row * l.classes);
        }
        Exponentials(n * l.classes, v);
        for (int64_t row = 0; row < n; ++row) {
          const double* const e = v + row * l.classes;
          float* const p = probabilities + (begin + row) * l.classes;
          const double sum = Sum(e, l.classes);
          LOCKSTEP_INDEPENDENT
          for (int64_t k = 0; k < l.classes; ++k) p[k] = static_cast<float>(e[k] / sum);
          losses[row] = math::Log(sum) - losses[row];
        }
      }
    });
  });
  double numerator = 0.0;
  for (int64_t row = 0; row < l.rows; ++row) numerator += l.losses[row];
  *args.out<double>(0) = numerator;
  *args.out<double>(1) = static_cast<double>(l.rows);
}

// (probabilities, labels, dnumerator) -> dlogits.
void Grad(const CrossEntropyAttrs& attrs, const SimdArgs& args) {
  const int64_t rows = args.in_shape(0)[0], classes = args.in_shape(0)[1];
  const float* const probabilities = args.in<float>(0);
  const double dnumerator = *args.in<double>(2);
  const double other = attrs.label_smoothing / static_cast<double>(classes);
  const double own = 1.0 - attrs.label_smoothing + other;
  ForRuns(args.threads, rows, 1 + 8191 / classes, [&](Range run) {
    RunForIsa(args.isa, [&]() LOCKSTEP_INLINE {
      for (int64_t row = run.begin; row < run.end; ++row) {
        const float* const p = probabilities + row * classes;
        float* const dlogits = args.out<float>(0) + row * classes;
        const int32_t label = args.in<int32_t>(1)[row];
        const bool exists = LabelExists(label, classes);
        const double q = exists ? other : kNaN;
        const double own_p = exists ? static_cast<double>(p[label]) : kNaN;
        LOCKSTEP_INDEPENDENT
        for (int64_t k = 0; k < classes; ++k) {
          dlogits[k] = static_cast<float>((static_cast<double>(p[k]) - q) * dnumerator);
        }
        if (exists) dlogits[label] = static_cast<float>((own_p - own) * dnumerator);
      }
    });
  });
}

}  // namespace

void RegisterSimd(OpRegistry& registry) {
  registry.AddKernel("cross_entropy",
                     SimdKernel<CrossEntropyAttrs>({.run = Forward, .workspace = Workspace}));
  registry.AddKernel("cross_entropy_grad", SimdKernel<CrossEntropyAttrs>({.run = Grad}));
}

}  // namespace lockstep::ops::cross_entropy
