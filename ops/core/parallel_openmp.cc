// SPDX-License-Identifier: Apache-2.0
#include "ops/core/parallel.h"

namespace lockstep::ops {

void ForParts(int32_t threads, int64_t parts, const std::function<void(int64_t)>& work) {
  if (threads <= 1 || parts <= 1) {
    for (int64_t part = 0; part < parts; ++part) work(part);
    return;
  }
#pragma omp parallel for num_threads(threads) schedule(static)
  for (int64_t part = 0; part < parts; ++part) work(part);
}

}  // namespace lockstep::ops
