// SPDX-License-Identifier: Apache-2.0
#include "ops/core/gpu_kernel.h"

namespace lockstep::ops::fill {

GPU_KERNEL(fill_f32, (float* y, float value, int64_t n)) { GPU_FOR(i, n) gpu::Store(y + i, value); }

}  // namespace lockstep::ops::fill
