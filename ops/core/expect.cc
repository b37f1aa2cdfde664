// SPDX-License-Identifier: Apache-2.0
#include "ops/core/expect.h"

namespace lockstep::ops {

Status ExpectInputs(std::span<const TensorType> in, size_t count) {
  if (in.size() == count) return OkStatus();
  return InvalidArgument("takes " + std::to_string(count) + " inputs, got " +
                         std::to_string(in.size()));
}

Status ExpectFloat(const TensorType& type, std::string_view what) {
  if (IsFloat(type.dtype)) return OkStatus();
  return InvalidArgument(std::string(what) + " is " + type.ToString() +
                         "; expected a floating-point tensor");
}

Status ExpectDType(const TensorType& type, DType dtype, std::string_view what) {
  if (type.dtype == dtype) return OkStatus();
  return InvalidArgument(std::string(what) + " is " + type.ToString() + "; expected " +
                         std::string(DTypeName(dtype)) + " elements");
}

Status ExpectRank(const TensorType& type, int64_t rank, std::string_view what) {
  if (type.shape.rank() == rank) return OkStatus();
  return InvalidArgument(std::string(what) + " is " + type.ToString() + "; expected " +
                         std::to_string(rank) + " dimensions");
}

Status ExpectShape(const TensorType& type, const Shape& shape, std::string_view what) {
  if (type.shape == shape) return OkStatus();
  return InvalidArgument(std::string(what) + " is " + type.ToString() + "; expected shape " +
                         shape.ToString());
}

Status ExpectSize(const TensorType& type, std::string_view what) {
  int64_t bytes = SizeOf(type.dtype);
  bool fits = true;
  for (const int64_t d : type.shape.dims()) {
    if (d < 0) {
      return InvalidArgument(std::string(what) + " is " + type.ToString() +
                             "; expected no negative dimension");
    }
    // Zero factors are left out, so that every stride of the tensor fits too.
    fits = fits && !__builtin_mul_overflow(bytes, d == 0 ? 1 : d, &bytes);
  }
  if (fits && bytes < int64_t{1} << 62) return OkStatus();
  return InvalidArgument(std::string(what) + " is " + type.ToString() +
                         "; expected a tensor of less than 2^62 bytes");
}

Status ExpectScalar(const TensorType& type, DType dtype, std::string_view what) {
  if (type.dtype == dtype && type.shape.rank() == 0) return OkStatus();
  return InvalidArgument(std::string(what) + " is " + type.ToString() + "; expected a scalar " +
                         std::string(DTypeName(dtype)) + "[]");
}

Status ExpectSame(const TensorType& a, const TensorType& b, std::string_view what) {
  if (a == b) return OkStatus();
  return InvalidArgument(std::string(what) + " are " + a.ToString() + " and " + b.ToString() +
                         "; expected equal types");
}

}  // namespace lockstep::ops
