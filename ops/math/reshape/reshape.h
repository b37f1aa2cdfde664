// SPDX-License-Identifier: Apache-2.0
// y has the elements of x, in row-major order, under another shape of equally many. dx is dy in the
// shape of x.
#pragma once

#include <cstdint>
#include <vector>

#include "ops/core/emitter.h"

namespace lockstep::ops {

struct ReshapeAttrs {
  std::vector<int64_t> dims;  // of y; every one at least 0, none inferred

  template <typename V>
  void Visit(V&& v) {
    v("dims", dims);
  }
};

Value Reshape(Emitter* e, Value x, const Shape& shape);

}  // namespace lockstep::ops
