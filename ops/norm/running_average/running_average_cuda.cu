// SPDX-License-Identifier: Apache-2.0
#include "ops/core/gpu_kernel.h"

namespace lockstep::ops::running_average {

GPU_KERNEL(running_average_f32, (const float* running, const double* total, const double* count,
                                 float* y, int64_t n, float keep, float take)) {
  const double elements = *count;
  GPU_FOR(i, n) {
    const float batch = static_cast<float>(total[i] / elements);
    gpu::Store(y + i, elements == 0.0 ? running[i] : keep * running[i] + take * batch);
  }
}

}  // namespace lockstep::ops::running_average
