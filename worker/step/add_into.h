// SPDX-License-Identifier: Apache-2.0
// The one addition of the canonical sum.
#pragma once

#include <cstdint>

#include "base/dtype.h"

namespace lockstep::worker {

// sum[i] += addend[i] for `elements` floats or doubles; the two do not overlap.
void AddInto(DType dtype, void* sum, const void* addend, int64_t elements);

}  // namespace lockstep::worker
