// SPDX-License-Identifier: Apache-2.0
// WalledMemory: memory whose addresses the host may hold and compute with, and not touch. It is one
// file in memory mapped twice: in front without any access right, so that a read or write there
// ends the process at once, and behind, where the bytes can be reached by who knows the distance.
#pragma once

#include <cstddef>
#include <memory>

#include "base/status.h"

namespace lockstep {

class WalledMemory {
 public:
  // `bytes` at least 1; new memory is zero. resource-exhausted where the system refuses it.
  static Result<std::unique_ptr<WalledMemory>> Make(size_t bytes);
  ~WalledMemory();
  WalledMemory(const WalledMemory&) = delete;
  WalledMemory& operator=(const WalledMemory&) = delete;

  size_t size() const { return size_; }
  // In front of the wall, on a page's boundary.
  char* front() const { return front_; }
  // The same byte behind the wall is so far away.
  ptrdiff_t distance() const { return static_cast<ptrdiff_t>(span_); }

 private:
  WalledMemory(char* front, size_t size, size_t span) : front_(front), size_(size), span_(span) {}
  // Front, back, and a page behind it that nobody may touch.
  static size_t Reserved(size_t span);

  char* const front_;
  const size_t size_;
  const size_t span_;  // size_ in whole pages
};

}  // namespace lockstep
