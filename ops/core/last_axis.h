// SPDX-License-Identifier: Apache-2.0
// A tensor seen as rows of channels: the last axis against all others together.
#pragma once

#include "base/shape.h"

namespace lockstep::ops {

struct RowsOfChannels {
  int64_t rows = 1;
  int64_t channels = 1;

  // Requires rank >= 1.
  explicit RowsOfChannels(const Shape& shape) : channels(shape[shape.rank() - 1]) {
    for (int64_t axis = 0; axis + 1 < shape.rank(); ++axis) rows *= shape[axis];
  }
};

}  // namespace lockstep::ops
