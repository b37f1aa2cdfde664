// SPDX-License-Identifier: Apache-2.0
// AlignedBuffer: owned memory on a 64-byte boundary (a cache line, an AVX-512 register), a large
// one on huge pages where the kernel gives them. Movable, not copyable; its bytes are not
// initialised.
#pragma once

#include <cstddef>
#include <memory>

#include "base/status.h"

namespace lockstep {

class AlignedBuffer {
 public:
  static constexpr size_t kAlignment = 64;

  AlignedBuffer() = default;  // empty: data() is null
  // resource-exhausted where the machine has no such memory. 0 bytes are an empty buffer.
  static Result<AlignedBuffer> Make(size_t bytes);

  void* data() { return data_.get(); }
  const void* data() const { return data_.get(); }
  size_t size() const { return size_; }

 private:
  struct Free {
    void operator()(void* data) const;
  };
  std::unique_ptr<void, Free> data_;
  size_t size_ = 0;
};

}  // namespace lockstep
