// SPDX-License-Identifier: Apache-2.0
// MemoryAccess: how the host fills, copies and reads the memory of tensors: at once where it may
// touch the device's memory, else through a stream, in its order. So what uses it is written once
// for all devices.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/clock.h"
#include "base/device/device.h"
#include "base/status.h"

namespace lockstep {

// How long the host waits for work of a device before it gives it up.
inline constexpr auto kDevicePatience = std::chrono::minutes(10);

class MemoryAccess {
 public:
  // `stream` may be null where the host may touch the device's memory. Both outlive this.
  MemoryAccess(const Device& device, Stream* stream)
      : MemoryAccess(device.host_addressable(), stream) {}
  MemoryAccess(bool host_addressable, Stream* stream);

  // Whether what is asked for is done when the call returns.
  bool at_once() const { return host_addressable_; }

  // These return at once; failures are those of the stream.
  void Fill(void* to, uint8_t byte, size_t bytes) const;
  void Copy(void* to, const void* from, size_t bytes) const;

  // Until all work of the stream so far is done.
  Status Wait() const;
  // Copies and waits: either side may be the host's, and may be used when this returns.
  Status CopyAndWait(void* to, const void* from, size_t bytes) const;

 private:
  bool host_addressable_;
  Stream* stream_;
};

}  // namespace lockstep
