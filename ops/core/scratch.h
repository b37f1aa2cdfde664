// SPDX-License-Identifier: Apache-2.0
// Scratch: lays arrays out in a kernel's workspace, each aligned to 64 bytes. A kernel writes its
// layout once, as a function of a Scratch: run without memory it tells the bytes needed, run on the
// workspace it gives the pointers.
#pragma once

#include <cstdint>

namespace lockstep::ops {

class Scratch {
 public:
  // `memory` is aligned to 64 bytes; null to measure.
  explicit Scratch(void* memory = nullptr) : memory_(static_cast<char*>(memory)) {}

  // An uninitialised array; null when measuring.
  template <typename T>
  T* Take(int64_t count) {
    char* const array = memory_ == nullptr ? nullptr : memory_ + bytes_;
    bytes_ += (count * static_cast<int64_t>(sizeof(T)) + 63) / 64 * 64;
    return reinterpret_cast<T*>(array);
  }
  int64_t bytes() const { return bytes_; }

 private:
  char* memory_;
  int64_t bytes_ = 0;
};

}  // namespace lockstep::ops
