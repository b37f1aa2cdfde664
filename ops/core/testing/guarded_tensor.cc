// SPDX-License-Identifier: Apache-2.0
#include "ops/core/testing/guarded_tensor.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace lockstep::ops {
namespace {

constexpr unsigned char kGuard = 0xff;

template <typename F>
auto WithType(DType dtype, F f) {
  switch (dtype) {
    case DType::kFloat32:
      return f(float{});
    case DType::kFloat64:
      return f(double{});
    case DType::kInt32:
      return f(int32_t{});
    case DType::kInt64:
      return f(int64_t{});
    case DType::kUInt8:
      break;
  }
  return f(uint8_t{});
}

}  // namespace

GuardedTensor::GuardedTensor(TensorType type, unsigned char filler) : type_(std::move(type)) {
  memory_ = *AlignedBuffer::Make(bytes() + 2 * kGuardBytes);
  std::memset(memory_.data(), kGuard, memory_.size());
  std::memset(data(), filler, bytes());
}

GuardedTensor::GuardedTensor(const GuardedTensor& other) : GuardedTensor(other.type_) {
  std::memcpy(memory_.data(), other.memory_.data(), memory_.size());
}

GuardedTensor& GuardedTensor::operator=(const GuardedTensor& other) {
  return *this = GuardedTensor(other);
}

double GuardedTensor::At(int64_t i) const {
  CHECK(i >= 0 && i < elements()) << "element " << i << " of " << type_;
  return WithType(type_.dtype, [&]<typename T>(T value) {
    std::memcpy(&value, data() + static_cast<size_t>(i) * sizeof(T), sizeof(T));
    return static_cast<double>(value);
  });
}

void GuardedTensor::Set(int64_t i, double value) {
  CHECK(i >= 0 && i < elements()) << "element " << i << " of " << type_;
  WithType(type_.dtype, [&]<typename T>(T typed) {
    typed = static_cast<T>(value);
    std::memcpy(data() + static_cast<size_t>(i) * sizeof(T), &typed, sizeof(T));
  });
}

std::vector<double> GuardedTensor::Values() const {
  std::vector<double> values;
  for (int64_t i = 0; i < elements(); ++i) values.push_back(At(i));
  return values;
}

bool GuardedTensor::SameBits(const GuardedTensor& other) const {
  return type_ == other.type_ && std::memcmp(data(), other.data(), bytes()) == 0;
}

bool GuardedTensor::GuardsIntact() const {
  const auto intact = [](const unsigned char* guard) {
    return std::all_of(guard, guard + kGuardBytes, [](unsigned char b) { return b == kGuard; });
  };
  return intact(data() - kGuardBytes) && intact(data() + bytes());
}

GuardedTensor Converted(const GuardedTensor& tensor, DType dtype) {
  GuardedTensor converted({dtype, tensor.type().shape});
  for (int64_t i = 0; i < tensor.elements(); ++i) converted.Set(i, tensor.At(i));
  return converted;
}

}  // namespace lockstep::ops
