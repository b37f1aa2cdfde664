// SPDX-License-Identifier: Apache-2.0
// The shape of a pool as its GPU kernels take it. A is a pool's attributes.
#pragma once

#include "base/shape.h"
#include "ops/core/gpu_parameters.h"

namespace lockstep::ops {

template <typename A>
gpu::PoolShape PoolShapeOf(const A& a, const Shape& x, const Shape& y) {
  return {x[0],       x[1],       x[2],       x[3],       y[1],        y[2],
          a.kernel_h, a.kernel_w, a.stride_h, a.stride_w, a.padding_h, a.padding_w};
}

}  // namespace lockstep::ops
