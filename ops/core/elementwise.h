// SPDX-License-Identifier: Apache-2.0
// What ops have in common that treat each element by itself: shape rules, cost, the loops of
// reference kernels.
#pragma once

#include <cstring>
#include <span>

#include "ops/core/expect.h"
#include "ops/core/op.h"

namespace lockstep::ops {

// The shape rule of y = f(x): floats of any shape.
inline Result<TensorTypes> InferUnary(const NoAttrs&, std::span<const TensorType> in) {
  RETURN_IF_ERROR(ExpectInputs(in, 1));
  RETURN_IF_ERROR(ExpectFloat(in[0], "x"));
  return TensorTypes{in[0]};
}

// The shape rule of its gradient where that is made of the output: (y, dy) -> dx.
inline Result<TensorTypes> InferUnaryGrad(const NoAttrs&, std::span<const TensorType> in) {
  RETURN_IF_ERROR(ExpectInputs(in, 2));
  RETURN_IF_ERROR(ExpectFloat(in[0], "y"));
  RETURN_IF_ERROR(ExpectSame(in[0], in[1], "y and dy"));
  return TensorTypes{in[0]};
}

// The cost of so many operations for each element of output 0.
template <int64_t kFlops, typename A>
Cost ElementwiseCost(const A&, const NodeSpec& node) {
  return {kFlops * node.out[0].shape.elements(), BytesMoved(node)};
}

// Output 0 has the elements of input 0, in their order. The two may share their memory.
inline void CopyElements(const ReferenceArgs& args) {
  const int64_t bytes = args.node.out[0].bytes();
  if (bytes > 0 && args.run.in[0] != args.run.out[0]) {
    std::memcpy(args.run.out[0], args.run.in[0], static_cast<size_t>(bytes));
  }
}

// Output 0 is f(input 0).
template <typename T, typename F>
void MapUnary(const ReferenceArgs& args, const F& f) {
  const T* x = args.in<T>(0);
  T* y = args.out<T>(0);
  const int64_t n = args.out_shape(0).elements();
  for (int64_t i = 0; i < n; ++i) y[i] = f(x[i]);
}

// Output 0 is f(input 0, input 1).
template <typename T, typename F>
void MapBinary(const ReferenceArgs& args, const F& f) {
  const T *a = args.in<T>(0), *b = args.in<T>(1);
  T* y = args.out<T>(0);
  const int64_t n = args.out_shape(0).elements();
  for (int64_t i = 0; i < n; ++i) y[i] = f(a[i], b[i]);
}

}  // namespace lockstep::ops
