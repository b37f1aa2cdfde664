// SPDX-License-Identifier: Apache-2.0
// Fused: matrix product, bias and activation, as matmul, bias_add and relu define them.
//
//   y = activation(op(a) op(b) + bias)     bias (N), y (M, N)
#pragma once

#include <string>

#include "ops/math/matmul/matmul.h"

namespace lockstep::ops {

struct MatMulBiasAttrs : MatMulAttrs {
  std::string activation = "none";  // "none" or "relu"

  template <typename V>
  void Visit(V&& v) {
    MatMulAttrs::Visit(v);
    v("activation", activation);
  }
};

class OpRegistry;
namespace matmul {
void RegisterBias(OpRegistry& registry);
}  // namespace matmul

}  // namespace lockstep::ops
