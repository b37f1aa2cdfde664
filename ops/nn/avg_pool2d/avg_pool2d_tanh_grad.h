// SPDX-License-Identifier: Apache-2.0
// Fused: the gradient of an average pool and of the tanh before it, in one pass over the image.
//
//   avg_pool2d_tanh_grad (dy, t) -> dx = tanh_grad(t, avg_pool2d_grad(dy))
//
// t is the output of tanh that the pool read.
#pragma once

#include "ops/core/op.h"
#include "ops/nn/avg_pool2d/avg_pool2d.h"

namespace lockstep::ops {

class OpRegistry;
namespace avg_pool2d {
void RegisterTanhGrad(OpRegistry& registry);
// The shape rule of avg_pool2d_grad, (dy) -> dx.
Result<TensorTypes> InferGrad(const AvgPool2dGradAttrs& attrs, std::span<const TensorType> in);
}  // namespace avg_pool2d

}  // namespace lockstep::ops
