// SPDX-License-Identifier: Apache-2.0
#include "worker/model/mirrored_buffer.h"

#include <cstring>
#include <memory>
#include <utility>

namespace lockstep::worker {

Result<DeviceBuffer> ZeroedBuffer(Device* device, int64_t bytes, std::string_view what) {
  ASSIGN_OR_RETURN(DeviceBuffer buffer,
                   device->Allocate(MemoryKind::kDevice, static_cast<size_t>(bytes), what));
  if (bytes == 0) return buffer;
  if (device->host_addressable()) {
    std::memset(buffer.data(), 0, buffer.size());
    return buffer;
  }
  ASSIGN_OR_RETURN(const std::unique_ptr<Stream> stream, device->MakeStream("zeroing", 0));
  const MemoryAccess memory(*device, stream.get());
  memory.Fill(buffer.data(), 0, buffer.size());
  RETURN_IF_ERROR(memory.Wait());
  return buffer;
}

Result<MirroredBuffer> MirroredBuffer::MakeZeroed(Device* device, int64_t bytes,
                                                  std::string_view what) {
  MirroredBuffer buffer;
  ASSIGN_OR_RETURN(buffer.device_, ZeroedBuffer(device, bytes, what));
  if (device->host_addressable() || bytes == 0) return buffer;
  ASSIGN_OR_RETURN(buffer.host_,
                   device->Allocate(MemoryKind::kPinned, static_cast<size_t>(bytes), what));
  std::memset(buffer.host_.data(), 0, buffer.host_.size());
  return buffer;
}

void MirroredBuffer::ToDevice(const MemoryAccess& memory, size_t bytes) {
  if (apart()) memory.Copy(device_.data(), host_.data(), bytes);
}

void MirroredBuffer::ToHost(const MemoryAccess& memory, size_t bytes) {
  if (apart()) memory.Copy(host_.data(), device_.data(), bytes);
}

}  // namespace lockstep::worker
