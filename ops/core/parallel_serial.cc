// SPDX-License-Identifier: Apache-2.0
#include "ops/core/parallel.h"

namespace lockstep::ops {

void ForParts(int32_t, int64_t parts, const std::function<void(int64_t)>& work) {
  for (int64_t part = 0; part < parts; ++part) work(part);
}

}  // namespace lockstep::ops
