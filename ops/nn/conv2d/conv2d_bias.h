// SPDX-License-Identifier: Apache-2.0
// Fused: convolution, bias and activation, as conv2d, bias_add and relu define them.
//
//   y = activation(conv2d(x, w) + b)     x (N, H, W, C), w (K, R, S, C/groups), b (K), y (N, P, Q,
//   K)
//
// conv2d_bias_weight_grad (x, dz) -> dw, db, with dz the gradient before the activation.
#pragma once

#include <string>

#include "ops/nn/conv2d/conv2d.h"

namespace lockstep::ops {

struct Conv2dBiasAttrs : Conv2dAttrs {
  std::string activation = "none";  // "none" or "relu"

  template <typename V>
  void Visit(V&& v) {
    Conv2dAttrs::Visit(v);
    v("activation", activation);
  }
};

class OpRegistry;
namespace conv2d {
void RegisterBias(OpRegistry& registry);
}  // namespace conv2d

}  // namespace lockstep::ops
