// SPDX-License-Identifier: Apache-2.0
#include "base/aligned_buffer.h"

#include <cstdlib>
#include <string>

namespace lockstep {

void AlignedBuffer::Free::operator()(void* data) const { std::free(data); }

Result<AlignedBuffer> AlignedBuffer::Make(size_t bytes) {
  AlignedBuffer buffer;
  if (bytes == 0) return buffer;
  const size_t rounded = (bytes + kAlignment - 1) / kAlignment * kAlignment;
  void* data = rounded >= bytes ? std::aligned_alloc(kAlignment, rounded) : nullptr;
  if (data == nullptr) {
    return ResourceExhausted("cannot allocate " + std::to_string(bytes) +
                             " bytes of memory; use smaller batches or free memory");
  }
  buffer.data_.reset(data);
  buffer.size_ = bytes;
  return buffer;
}

}  // namespace lockstep
