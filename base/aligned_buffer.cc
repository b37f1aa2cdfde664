// SPDX-License-Identifier: Apache-2.0
#include "base/aligned_buffer.h"

#include <sys/mman.h>

#include <cstdlib>
#include <string>

namespace lockstep {
namespace {

constexpr size_t kHugePage = size_t{2} << 20;

// Walking through gigabytes by pages of 4 KiB, a step spends percents of its time on looking pages
// up. From a few huge pages on, what rounding to them wastes is little.
size_t AlignmentOf(size_t bytes) {
  return bytes >= 4 * kHugePage ? kHugePage : AlignedBuffer::kAlignment;
}

}  // namespace

void AlignedBuffer::Free::operator()(void* data) const { std::free(data); }

Result<AlignedBuffer> AlignedBuffer::Make(size_t bytes) {
  AlignedBuffer buffer;
  if (bytes == 0) return buffer;
  const size_t alignment = AlignmentOf(bytes);
  const size_t rounded = (bytes + alignment - 1) / alignment * alignment;
  void* data = rounded >= bytes ? std::aligned_alloc(alignment, rounded) : nullptr;
  if (data == nullptr) {
    return ResourceExhausted("cannot allocate " + std::to_string(bytes) +
                             " bytes of memory; use smaller batches or free memory");
  }
  // A wish: without huge pages the memory is as good.
  if (alignment == kHugePage) (void)::madvise(data, rounded, MADV_HUGEPAGE);
  buffer.data_.reset(data);
  buffer.size_ = bytes;
  return buffer;
}

}  // namespace lockstep
