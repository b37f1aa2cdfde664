// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/device/for_isa.h"
#include "ops/core/parallel.h"
#include "ops/core/simd_kernel.h"
#include "ops/core/sum_rows.h"
#include "ops/math/bias_add/bias_add.h"

namespace lockstep::ops::bias_add {
namespace {

void Forward(const NoAttrs&, const SimdArgs& args) {
  const RowsOfChannels v(args.in_shape(0));
  const float *const x = args.in<float>(0), *const b = args.in<float>(1);
  float* const y = args.out<float>(0);
  const int64_t grain = std::max<int64_t>(1, kElementGrain / std::max<int64_t>(1, v.channels));
  ForRuns(args.threads, v.rows, grain, [&](Range rows) {
    RunForIsa(args.isa, [&]() LOCKSTEP_INLINE {
      for (int64_t row = rows.begin; row < rows.end; ++row) {
        const int64_t at = row * v.channels;
        LOCKSTEP_INDEPENDENT
        for (int64_t c = 0; c < v.channels; ++c) y[at + c] = x[at + c] + b[c];
      }
    });
  });
}

int64_t Workspace(const NoAttrs&, const NodeSpec& node) {
  return SumRowsWorkspace(RowsOfChannels(node.in[0].shape));
}

// (dy) -> db.
void Grad(const NoAttrs&, const SimdArgs& args) {
  SumRows(RowsOfChannels(args.in_shape(0)), args.isa, args.threads, args.in<float>(0),
          args.run.workspace, args.out<float>(0));
}

}  // namespace

void RegisterSimd(OpRegistry& registry) {
  registry.AddKernel("bias_add", SimdKernel<NoAttrs>({.run = Forward}));
  registry.AddKernel("bias_grad", SimdKernel<NoAttrs>({.run = Grad, .workspace = Workspace}));
}

}  // namespace lockstep::ops::bias_add
