// SPDX-License-Identifier: Apache-2.0
// Element types of tensors, with their names in the text form and their sizes in bytes.
#pragma once

#include <cstdint>
#include <ostream>
#include <string_view>

#include "base/status.h"

namespace lockstep {

enum class DType : uint8_t { kFloat32, kFloat64, kInt32, kInt64, kUInt8 };

// "f32", "f64", "i32", "i64", "u8".
std::string_view DTypeName(DType dtype);
Result<DType> ParseDType(std::string_view name);
int64_t SizeOf(DType dtype);  // bytes of one element
inline bool IsFloat(DType d) { return d == DType::kFloat32 || d == DType::kFloat64; }
std::ostream& operator<<(std::ostream& out, DType dtype);

template <typename T>
struct DTypeOfT;
template <>
struct DTypeOfT<float> {
  static constexpr DType value = DType::kFloat32;
};
template <>
struct DTypeOfT<double> {
  static constexpr DType value = DType::kFloat64;
};
template <>
struct DTypeOfT<int32_t> {
  static constexpr DType value = DType::kInt32;
};
template <>
struct DTypeOfT<int64_t> {
  static constexpr DType value = DType::kInt64;
};
template <>
struct DTypeOfT<uint8_t> {
  static constexpr DType value = DType::kUInt8;
};
template <typename T>
inline constexpr DType kDTypeOf = DTypeOfT<T>::value;

}  // namespace lockstep
