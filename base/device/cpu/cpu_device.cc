// SPDX-License-Identifier: Apache-2.0
#include "base/device/cpu/cpu_device.h"

#include <unistd.h>

#include "base/device/host_memory.h"
#include "base/device/queue_stream.h"
#include "base/process_limits.h"

namespace lockstep {
Result<DeviceBuffer> CpuDevice::Allocate(MemoryKind kind, size_t bytes, std::string_view what) {
  if (bytes == 0) return DeviceBuffer();
  return AllocateHostMemory(kind, bytes, accounts_, what);
}

Result<std::unique_ptr<Stream>> CpuDevice::MakeStream(std::string name, int) {
  return std::unique_ptr<Stream>(std::make_unique<QueueStream>(std::move(name)));
}

Result<MemoryUse> CpuDevice::memory() const {
  MemoryUse use;
  use.total_bytes = MachineMemory();
  use.free_bytes = sysconf(_SC_AVPHYS_PAGES) * sysconf(_SC_PAGESIZE);
  use.ours = accounts_->by_what();
  return use;
}

}  // namespace lockstep
