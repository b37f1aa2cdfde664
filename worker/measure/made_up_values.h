// SPDX-License-Identifier: Apache-2.0
// Values of tensors for measurements, where it does not matter what is computed.
#pragma once

#include <cstdint>

#include "base/dtype.h"
#include "base/shape.h"

namespace lockstep::worker {

// Floats uniform in [-1, 1), masks 0 or 1; labels and indices are 0, which is one of every set.
void FillMadeUp(const TensorType& type, uint64_t seed, void* data);

}  // namespace lockstep::worker
