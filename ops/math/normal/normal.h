// SPDX-License-Identifier: Apache-2.0
// A floating-point tensor of standard normal deviates. Element i, its index in row-major order, is
// made by Box and Muller's transform (1958), in double on (u1 + 2^-25, u2) and rounded once. u1 and
// u2 are uniform in [0, 1): words 0 and 1 of Philox with counter (step, lane, low word of i, high
// word of i) and the key of (seed, purpose, the node's path). So the numbers are the same whoever
// runs the lane, and however often. In an evaluation the purpose is kEvalPurpose and the step is
// the index of the batch within its lane. It has no inputs, and so no gradient.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ops/core/emitter.h"

namespace lockstep::ops {

inline constexpr char kNormalPurpose[] = "normal";
inline constexpr char kEvalPurpose[] = "eval";

struct NormalAttrs {
  std::vector<int64_t> dims;
  std::string dtype = "f32";             // "f32" or "f64"
  std::string purpose = kNormalPurpose;  // or kEvalPurpose

  template <typename V>
  void Visit(V&& v) {
    v("dims", dims);
    v("dtype", dtype);
    v("purpose", purpose);
  }
};

Value Normal(Emitter* e, const TensorType& type, std::string purpose = kNormalPurpose);

}  // namespace lockstep::ops
