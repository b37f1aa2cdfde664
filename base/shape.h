// SPDX-License-Identifier: Apache-2.0
// Shape: the logical dimensions of a tensor, row-major, outermost first. An activation is N H W C,
// a convolution weight K R S C. A scalar has no dimensions and one element.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <ostream>
#include <string>
#include <vector>

#include "base/dtype.h"

namespace lockstep {

class Shape {
 public:
  Shape() = default;
  Shape(std::initializer_list<int64_t> dims) : dims_(dims) {}
  explicit Shape(std::vector<int64_t> dims) : dims_(std::move(dims)) {}

  int64_t rank() const { return static_cast<int64_t>(dims_.size()); }
  int64_t operator[](int64_t axis) const { return dims_[static_cast<size_t>(axis)]; }
  const std::vector<int64_t>& dims() const { return dims_; }
  int64_t elements() const;      // product of the dimensions; 1 for a scalar
  std::string ToString() const;  // "[32,28,28,1]"
  bool operator==(const Shape&) const = default;

 private:
  std::vector<int64_t> dims_;
};

std::ostream& operator<<(std::ostream& out, const Shape& shape);

// What a value in a graph is: element type and shape. Layout is not part of it.
struct TensorType {
  DType dtype = DType::kFloat32;
  Shape shape;

  int64_t bytes() const { return shape.elements() * SizeOf(dtype); }
  std::string ToString() const;  // "f32[32,28,28,1]"
  bool operator==(const TensorType&) const = default;
};

std::ostream& operator<<(std::ostream& out, const TensorType& type);

}  // namespace lockstep
