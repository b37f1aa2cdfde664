// SPDX-License-Identifier: Apache-2.0
#include "base/shape.h"

namespace lockstep {

int64_t Shape::elements() const {
  int64_t product = 1;
  for (int64_t d : dims_) product *= d;
  return product;
}

std::string Shape::ToString() const {
  std::string text = "[";
  for (size_t i = 0; i < dims_.size(); ++i) {
    if (i > 0) text += ",";
    text += std::to_string(dims_[i]);
  }
  return text + "]";
}

std::ostream& operator<<(std::ostream& out, const Shape& shape) { return out << shape.ToString(); }

std::string TensorType::ToString() const {
  return std::string(DTypeName(dtype)) + shape.ToString();
}

std::ostream& operator<<(std::ostream& out, const TensorType& type) {
  return out << type.ToString();
}

}  // namespace lockstep
