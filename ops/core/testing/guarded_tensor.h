// SPDX-License-Identifier: Apache-2.0
// GuardedTensor: a tensor of a test, its data aligned to 64 bytes between two guards. Every guard
// byte is 0xff: a kernel that writes outside changes one, a kernel that reads outside finds NaN.
#pragma once

#include <cstdint>
#include <vector>

#include "base/aligned_buffer.h"
#include "base/shape.h"

namespace lockstep::ops {

class GuardedTensor {
 public:
  static constexpr size_t kGuardBytes = 256;  // on each side

  // Every data byte starts as `filler`.
  explicit GuardedTensor(TensorType type, unsigned char filler = 0xff);
  GuardedTensor(const GuardedTensor& other);
  GuardedTensor& operator=(const GuardedTensor& other);
  GuardedTensor(GuardedTensor&&) = default;
  GuardedTensor& operator=(GuardedTensor&&) = default;

  const TensorType& type() const { return type_; }
  int64_t elements() const { return type_.shape.elements(); }
  unsigned char* data() { return static_cast<unsigned char*>(memory_.data()) + kGuardBytes; }
  const unsigned char* data() const {
    return static_cast<const unsigned char*>(memory_.data()) + kGuardBytes;
  }
  size_t bytes() const { return static_cast<size_t>(type_.bytes()); }
  // The data with the guards.
  void* memory() { return memory_.data(); }
  const void* memory() const { return memory_.data(); }
  size_t memory_bytes() const { return memory_.size(); }

  // Element i as a double, whatever the type (64-bit integers must be below 2^53).
  double At(int64_t i) const;
  void Set(int64_t i, double value);  // rounded to the type
  std::vector<double> Values() const;

  bool SameBits(const GuardedTensor& other) const;  // same type, same data bytes
  bool GuardsIntact() const;

 private:
  TensorType type_;
  AlignedBuffer memory_;
};

// A tensor of the same values in another element type.
GuardedTensor Converted(const GuardedTensor& tensor, DType dtype);

}  // namespace lockstep::ops
