// SPDX-License-Identifier: Apache-2.0
// Loops over the elements of equally large tensors.
#pragma once

#include "base/device/for_isa.h"
#include "ops/core/parallel.h"
#include "ops/core/simd_kernel.h"

namespace lockstep::ops {

// element(i) for every i of [0, n); a LOCKSTEP_INLINE function of plain float arithmetic that reads
// element i of each input before it writes element i of an output.
template <typename Element>
void ForElements(const SimdArgs& args, int64_t n, const Element& element) {
  ForRuns(args.threads, n, kElementGrain, [&](Range run) {
    RunForIsa(args.isa, [&]() LOCKSTEP_INLINE {
      LOCKSTEP_INDEPENDENT
      for (int64_t i = run.begin; i < run.end; ++i) element(i);
    });
  });
}

}  // namespace lockstep::ops
