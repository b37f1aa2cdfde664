// SPDX-License-Identifier: Apache-2.0
// Samples: the inputs on which an op's generated tests run. Float tensors are written kFloat32 and
// tested in both precisions.
#pragma once

#include <string>
#include <vector>

#include "base/options/attrs.h"
#include "base/shape.h"

namespace lockstep::ops {

// How an input is filled. All are reproducible from the sample's name.
enum class Fill {
  kNormal,        // standard normal
  kPositive,      // uniform in [0.5, 1.5)
  kAwayFromZero,  // normal, pushed at least 0.1 away from 0: for kinks at 0
  kDistinct,      // a shuffled grid with gaps of at least 0.05: for maxima without ties
  kLabels,        // integers in [0, limit)
  kUnitMask,      // 0 or 1
};

struct SampleInput {
  TensorType type;
  enum Fill fill = Fill::kNormal;  // `enum`: the builder of the op `fill` has the same name
  int64_t limit = 0;               // kLabels: number of classes
  bool differentiable = true;      // take gradients with respect to it (floats only)
};

struct Sample {
  std::string name;  // unique within the op; "odd", "one_row", "stride2_pad1"
  Attrs attrs;
  std::vector<SampleInput> in;
};

}  // namespace lockstep::ops
