// SPDX-License-Identifier: Apache-2.0
// The mask of a dropout op (ops/core/kept_mask.h), drawn by all threads of a lane.
#pragma once

#include "base/device/for_isa.h"
#include "ops/core/kept_mask.h"
#include "ops/core/parallel.h"
#include "ops/core/simd_kernel.h"

namespace lockstep::ops {

// Draws output 1 and returns it.
inline const uint8_t* DrawMask(double p, const SimdArgs& args) {
  const KeptMask kept(args, p);
  uint8_t* const mask = args.out<uint8_t>(1);
  ForRuns(args.threads, args.out_shape(1).elements(), kElementGrain,
          [&](Range run) { RunForIsa(args.isa, [&]() LOCKSTEP_INLINE { kept.Draw(run, mask); }); });
  return mask;
}

}  // namespace lockstep::ops
