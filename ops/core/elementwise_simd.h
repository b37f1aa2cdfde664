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

// Output 0 is f(input 0). f is a LOCKSTEP_INLINE function of plain float arithmetic.
template <typename F>
void MapUnary(const SimdArgs& args, const F& f) {
  const float* const x = args.in<float>(0);
  float* const y = args.out<float>(0);
  ForElements(args, args.out_shape(0).elements(),
              [=](int64_t i) LOCKSTEP_INLINE { y[i] = f(x[i]); });
}

// Output 0 is f(input 0, input 1), likewise.
template <typename F>
void MapBinary(const SimdArgs& args, const F& f) {
  const float *const a = args.in<float>(0), *const b = args.in<float>(1);
  float* const y = args.out<float>(0);
  ForElements(args, args.out_shape(0).elements(),
              [=](int64_t i) LOCKSTEP_INLINE { y[i] = f(a[i], b[i]); });
}

}  // namespace lockstep::ops
