// SPDX-License-Identifier: Apache-2.0
// Sums over the rows of a matrix, one for each channel: gradients of biases. 64 rows at a time are
// added in float, these sums in double: within parts of about 64 Ki elements, then over the parts
// in order.
#pragma once

#include <cstdint>

#include "base/device/cpu_isa.h"
#include "ops/core/last_axis.h"

namespace lockstep::ops {

int64_t SumRowsWorkspace(const RowsOfChannels& x);  // bytes

// sums[c] = sum over the rows of x[row][c], on `threads` threads.
void SumRows(const RowsOfChannels& shape, CpuIsa isa, int32_t threads, const float* x,
             void* workspace, float* sums);

}  // namespace lockstep::ops
