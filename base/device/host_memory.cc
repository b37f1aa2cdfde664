// SPDX-License-Identifier: Apache-2.0
#include "base/device/host_memory.h"

#include <utility>

#include "base/aligned_buffer.h"

namespace lockstep {
namespace {

class HostLoan : public DeviceBuffer::Loan {
 public:
  HostLoan(AlignedBuffer memory, std::shared_ptr<MemoryAccounts> accounts, std::string_view what)
      : memory_(std::move(memory)), entry_(std::move(accounts), what, memory_.size()) {}
  void* data() { return memory_.data(); }

 private:
  AlignedBuffer memory_;
  const MemoryAccounts::Entry entry_;
};

}  // namespace

Result<DeviceBuffer> AllocateHostMemory(MemoryKind kind, size_t bytes,
                                        std::shared_ptr<MemoryAccounts> accounts,
                                        std::string_view what) {
  Result<AlignedBuffer> memory = AlignedBuffer::Make(bytes);
  if (!memory.ok()) return memory.status().WithContext(what);
  auto loan = std::make_unique<HostLoan>(*std::move(memory), std::move(accounts), what);
  void* const data = loan->data();
  return DeviceBuffer(std::move(loan), data, bytes, kind);
}

}  // namespace lockstep
