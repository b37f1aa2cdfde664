// SPDX-License-Identifier: Apache-2.0
#include "base/device/emulated/emulated_device.h"

#include <utility>

#include "base/aligned_buffer.h"
#include "base/device/host_memory.h"

namespace lockstep {
namespace {

// Memory that kernels reach: walled or pinned.
class EmulatedLoan : public DeviceBuffer::Loan {
 public:
  EmulatedLoan(std::shared_ptr<EmulatedCore> core, std::string_view what, const char* begin,
               size_t bytes, ptrdiff_t distance, std::shared_ptr<void> keep)
      : core_(std::move(core)), begin_(begin), entry_(core_->accounts(), what, bytes) {
    core_->Add(begin, bytes, distance, std::move(keep));
  }
  ~EmulatedLoan() override { core_->Remove(begin_); }

 private:
  const std::shared_ptr<EmulatedCore> core_;
  const char* const begin_;
  const MemoryAccounts::Entry entry_;
};

}  // namespace

EmulatedDevice::EmulatedDevice(DeviceSpec spec)
    : spec_(std::move(spec)), core_(std::make_shared<EmulatedCore>(spec_.memory_bytes)) {}

Result<DeviceBuffer> EmulatedDevice::Allocate(MemoryKind kind, size_t bytes,
                                              std::string_view what) {
  RETURN_IF_ERROR(core_->Call("Allocate of " + std::to_string(bytes) + " bytes of " +
                              std::string(NameOf(kind)) + " memory for " + std::string(what)));
  if (bytes == 0) return DeviceBuffer();
  RETURN_IF_ERROR(core_->CheckRoom(bytes, what));
  if (kind == MemoryKind::kDevice) {
    ASSIGN_OR_RETURN(std::shared_ptr<WalledMemory> memory, WalledMemory::Make(bytes));
    char* const front = memory->front();
    const ptrdiff_t distance = memory->distance();
    auto loan =
        std::make_unique<EmulatedLoan>(core_, what, front, bytes, distance, std::move(memory));
    return DeviceBuffer(std::move(loan), front, bytes, kind);
  }
  if (kind == MemoryKind::kHost) return AllocateHostMemory(kind, bytes, core_->accounts(), what);
  ASSIGN_OR_RETURN(AlignedBuffer host, AlignedBuffer::Make(bytes));
  const auto pinned = std::make_shared<AlignedBuffer>(std::move(host));
  char* const data = static_cast<char*>(pinned->data());
  return DeviceBuffer(std::make_unique<EmulatedLoan>(core_, what, data, bytes, 0, pinned), data,
                      bytes, kind);
}

Result<std::unique_ptr<Stream>> EmulatedDevice::MakeStream(std::string name, int) {
  RETURN_IF_ERROR(core_->Call("MakeStream '" + name + "'"));
  return std::unique_ptr<Stream>(std::make_unique<EmulatedStream>(core_, std::move(name)));
}

Result<MemoryUse> EmulatedDevice::memory() const {
  RETURN_IF_ERROR(core_->Call("memory"));
  return core_->Use();
}

}  // namespace lockstep
