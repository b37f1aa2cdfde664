// SPDX-License-Identifier: Apache-2.0
// The bias gradient sums 64 rows at a time in float, those sums in double: by part of about 64 Ki
// elements, then over the parts in order.
#include <algorithm>

#include "ops/core/for_isa.h"
#include "ops/core/last_axis.h"
#include "ops/core/parallel.h"
#include "ops/core/scratch.h"
#include "ops/core/simd_kernel.h"
#include "ops/nn/bias_add/bias_add.h"

namespace lockstep::ops::bias_add {
namespace {

constexpr int64_t kRowsAtOnce = 64;

int64_t Grain(const RowsOfChannels& v) {
  return std::clamp<int64_t>(65536 / std::max<int64_t>(v.channels, 1), kRowsAtOnce, 8192);
}

void Forward(const NoAttrs&, const SimdArgs& args) {
  const RowsOfChannels v(args.in_shape(0));
  const float *const x = args.in<float>(0), *const b = args.in<float>(1);
  float* const y = args.out<float>(0);
  ForRuns(args.threads, v.rows, Grain(v), [&](Range rows) {
    RunForIsa(args.isa, [&]() LOCKSTEP_INLINE {
      for (int64_t row = rows.begin; row < rows.end; ++row) {
        const int64_t at = row * v.channels;
        LOCKSTEP_INDEPENDENT
        for (int64_t c = 0; c < v.channels; ++c) y[at + c] = x[at + c] + b[c];
      }
    });
  });
}

struct Sums {
  double* part;  // (parts, C)
  float* rows;   // (parts, C), of the rows at hand

  Sums(const RowsOfChannels& v, Scratch* scratch)
      : part(scratch->Take<double>(Count(v))), rows(scratch->Take<float>(Count(v))) {}
  static int64_t Count(const RowsOfChannels& v) {
    return (v.rows + Grain(v) - 1) / Grain(v) * v.channels;
  }
};

int64_t Workspace(const NoAttrs&, const NodeSpec& node) {
  Scratch scratch;
  Sums(RowsOfChannels(node.in[0].shape), &scratch);
  return scratch.bytes();
}

// (dy) -> db.
void Grad(const NoAttrs&, const SimdArgs& args) {
  const RowsOfChannels v(args.in_shape(0));
  const float* const dy = args.in<float>(0);
  Scratch scratch(args.run.workspace);
  const Sums s(v, &scratch);
  const int64_t grain = Grain(v);
  ForRuns(args.threads, v.rows, grain, [&](Range run) {
    double* const part = s.part + run.begin / grain * v.channels;
    float* const sum = s.rows + run.begin / grain * v.channels;
    RunForIsa(args.isa, [&]() LOCKSTEP_INLINE {
      for (int64_t c = 0; c < v.channels; ++c) part[c] = 0.0;
      for (int64_t begin = run.begin; begin < run.end; begin += kRowsAtOnce) {
        const int64_t end = std::min(run.end, begin + kRowsAtOnce);
        for (int64_t c = 0; c < v.channels; ++c) sum[c] = 0.0f;
        for (int64_t row = begin; row < end; ++row) {
          LOCKSTEP_INDEPENDENT
          for (int64_t c = 0; c < v.channels; ++c) sum[c] += dy[row * v.channels + c];
        }
        for (int64_t c = 0; c < v.channels; ++c) part[c] += static_cast<double>(sum[c]);
      }
    });
  });
  for (int64_t c = 0; c < v.channels; ++c) {
    double sum = 0.0;
    for (int64_t at = c; at < Sums::Count(v); at += v.channels) sum += s.part[at];
    args.out<float>(0)[c] = static_cast<float>(sum);
  }
}

}  // namespace

void RegisterSimd(OpRegistry& registry) {
  registry.AddKernel("bias_add", SimdKernel<NoAttrs>({.run = Forward}));
  registry.AddKernel("bias_grad", SimdKernel<NoAttrs>({.run = Grad, .workspace = Workspace}));
}

}  // namespace lockstep::ops::bias_add
