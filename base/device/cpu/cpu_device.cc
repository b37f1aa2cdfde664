// SPDX-License-Identifier: Apache-2.0
#include "base/device/cpu/cpu_device.h"

#include <unistd.h>

#include "base/aligned_buffer.h"
#include "base/device/queue_stream.h"
#include "base/process_limits.h"

namespace lockstep {
namespace {

class CpuLoan : public DeviceBuffer::Loan {
 public:
  CpuLoan(AlignedBuffer memory, std::shared_ptr<MemoryAccounts> accounts, std::string_view what)
      : memory_(std::move(memory)), entry_(std::move(accounts), what, memory_.size()) {}
  void* data() { return memory_.data(); }

 private:
  AlignedBuffer memory_;
  const MemoryAccounts::Entry entry_;
};

}  // namespace

Result<DeviceBuffer> CpuDevice::Allocate(MemoryKind kind, size_t bytes, std::string_view what) {
  if (bytes == 0) return DeviceBuffer();
  Result<AlignedBuffer> memory = AlignedBuffer::Make(bytes);
  if (!memory.ok()) return memory.status().WithContext(what);
  auto loan = std::make_unique<CpuLoan>(*std::move(memory), accounts_, what);
  void* const data = loan->data();
  return DeviceBuffer(std::move(loan), data, bytes, kind);
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
