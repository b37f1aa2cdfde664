// SPDX-License-Identifier: Apache-2.0
#include "base/device/memory_access.h"

#include <cstring>

#include "base/check.h"

namespace lockstep {

MemoryAccess::MemoryAccess(bool host_addressable, Stream* stream)
    : host_addressable_(host_addressable), stream_(stream) {
  CHECK(host_addressable || stream != nullptr)
      << "memory that the host may not touch is reached through a stream";
}

void MemoryAccess::Fill(void* to, uint8_t byte, size_t bytes) const {
  if (bytes == 0) return;
  if (host_addressable_) {
    std::memset(to, byte, bytes);
  } else {
    stream_->Fill(to, byte, bytes);
  }
}

void MemoryAccess::Copy(void* to, const void* from, size_t bytes) const {
  if (bytes == 0) return;
  if (host_addressable_) {
    std::memcpy(to, from, bytes);
  } else {
    stream_->Copy(to, from, bytes);
  }
}

Status MemoryAccess::Wait() const {
  if (host_addressable_) return OkStatus();
  return stream_->Record()->Wait(Deadline::In(kDevicePatience));
}

Status MemoryAccess::CopyAndWait(void* to, const void* from, size_t bytes) const {
  Copy(to, from, bytes);
  return Wait();
}

}  // namespace lockstep
