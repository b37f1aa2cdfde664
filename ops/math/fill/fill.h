// SPDX-License-Identifier: Apache-2.0
// A floating-point tensor whose every element is one constant, rounded to its type.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ops/core/emitter.h"

namespace lockstep::ops {

struct FillAttrs {
  double value = 0.0;
  std::vector<int64_t> dims;
  std::string dtype = "f32";  // "f32" or "f64"

  template <typename V>
  void Visit(V&& v) {
    v("value", value);
    v("dims", dims);
    v("dtype", dtype);
  }
};

Value Fill(Emitter* e, double value, const TensorType& type);

}  // namespace lockstep::ops
