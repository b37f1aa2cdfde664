// SPDX-License-Identifier: Apache-2.0
// MirroredBuffer: memory of a device beside a copy of it that the host reads and writes. Where the
// host may touch the device's memory the two are one, and nothing is copied.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/device/device.h"
#include "base/device/memory_access.h"

namespace lockstep::worker {

// Memory of a device for the purpose `what`, all zero.
Result<DeviceBuffer> ZeroedBuffer(Device* device, int64_t bytes, std::string_view what);

class MirroredBuffer {
 public:
  MirroredBuffer() = default;  // empty
  // Both all zero.
  static Result<MirroredBuffer> MakeZeroed(Device* device, int64_t bytes, std::string_view what);

  // For the host.
  void* host() { return apart() ? host_.data() : device_.data(); }
  const void* host() const { return apart() ? host_.data() : device_.data(); }
  // For kernels.
  void* device() { return device_.data(); }
  const void* device() const { return device_.data(); }
  // Of one of them.
  size_t size() const { return device_.size(); }

  // Copy the first `bytes` in the order of the stream that `memory` goes by.
  void ToDevice(const MemoryAccess& memory, size_t bytes);
  void ToHost(const MemoryAccess& memory, size_t bytes);

 private:
  bool apart() const { return host_.size() > 0; }

  DeviceBuffer device_;
  DeviceBuffer host_;  // pinned; empty where device_ is both
};

}  // namespace lockstep::worker
