// SPDX-License-Identifier: Apache-2.0
// Computes in double, as the reference does: a row's sum is in the order of its classes.
#include "ops/core/softmax_simd.h"

#include <algorithm>

#include "ops/core/last_axis.h"
#include "ops/core/parallel.h"
#include "ops/core/simd_kernel.h"
#include "ops/nn/softmax/softmax.h"

namespace lockstep::ops::softmax {
namespace {

int64_t Workspace(const NoAttrs&, const NodeSpec& node) {
  const RowsOfChannels all(node.in[0].shape);
  const SoftmaxRuns of(all.rows, all.channels);
  return of.runs * of.doubles() * static_cast<int64_t>(sizeof(double));
}

void Forward(const NoAttrs&, const SimdArgs& args) {
  const RowsOfChannels all(args.in_shape(0));
  const int64_t classes = all.channels;
  const SoftmaxRuns of(all.rows, classes);
  ForRuns(args.threads, all.rows, of.grain, [&](Range run) {
    RunForIsa(args.isa, [&]() LOCKSTEP_INLINE {
      double* const v =
          static_cast<double*>(args.run.workspace) + run.begin / of.grain * of.doubles();
      for (int64_t begin = run.begin; begin < run.end; begin += of.block) {
        const int64_t n = std::min(of.block, run.end - begin);
        SubtractMax(args.in<float>(0) + begin * classes, n, classes, v);
        ExpNotPositive(n * classes, v);
        float* y = args.out<float>(0) + begin * classes;
        for (int64_t i = 0; i < n; ++i, y += classes) {
          const double* const e = v + i * classes;
          double sum = e[0];
          for (int64_t k = 1; k < classes; ++k) sum += e[k];
          for (int64_t k = 0; k < classes; ++k) y[k] = static_cast<float>(e[k] / sum);
        }
      }
    });
  });
}

// (y, dy) -> dx.
void Grad(const NoAttrs&, const SimdArgs& args) {
  const RowsOfChannels all(args.in_shape(0));
  const int64_t classes = all.channels;
  ForRuns(args.threads, all.rows, 1 + 8191 / classes, [&](Range run) {
    RunForIsa(args.isa, [&]() LOCKSTEP_INLINE {
      for (int64_t row = run.begin; row < run.end; ++row) {
        const float* const y = args.in<float>(0) + row * classes;
        const float* const dy = args.in<float>(1) + row * classes;
        float* const dx = args.out<float>(0) + row * classes;
        double sum = 0.0;
        for (int64_t k = 0; k < classes; ++k) {
          sum += static_cast<double>(y[k]) * static_cast<double>(dy[k]);
        }
        LOCKSTEP_INDEPENDENT
        for (int64_t k = 0; k < classes; ++k) {
          dx[k] =
              static_cast<float>(static_cast<double>(y[k]) * (static_cast<double>(dy[k]) - sum));
        }
      }
    });
  });
}

}  // namespace

void RegisterSimd(OpRegistry& registry) {
  registry.AddKernel("softmax", SimdKernel<NoAttrs>({.run = Forward, .workspace = Workspace}));
  registry.AddKernel("softmax_grad", SimdKernel<NoAttrs>({.run = Grad}));
}

}  // namespace lockstep::ops::softmax
