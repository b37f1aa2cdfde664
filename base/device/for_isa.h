// SPDX-License-Identifier: Apache-2.0
// RunForIsa: runs a loop as compiled for an instruction set. The body is compiled once for each and
// written so that vectors change no bits: no sum is reassociated (-ffp-contract=off, no fast-math),
// so independent sums stand side by side in its innermost loop.
//
//   RunForIsa(isa, [&]() LOCKSTEP_INLINE { for (...) y[i] = ...; });
//
// What the body calls must be LOCKSTEP_INLINE too, or it is compiled for the baseline.
#pragma once

#include "base/device/cpu_isa.h"

#define LOCKSTEP_INLINE __attribute__((always_inline))

// Stands before a loop whose iterations touch different elements, however its pointers may overlap.
#ifdef __clang__
#define LOCKSTEP_INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define LOCKSTEP_INDEPENDENT _Pragma("GCC ivdep")
#endif

namespace lockstep {

template <typename Body>
[[gnu::target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]] void RunForAvx512(const Body& body) {
  body();
}

template <typename Body>
[[gnu::target("avx2,fma")]] void RunForAvx2(const Body& body) {
  body();
}

template <typename Body>
void RunForIsa(CpuIsa isa, const Body& body) {
  switch (isa) {
    case CpuIsa::kAvx512:
      return RunForAvx512(body);
    case CpuIsa::kAvx2:
      return RunForAvx2(body);
    case CpuIsa::kBaseline:
      return body();
  }
}

}  // namespace lockstep
