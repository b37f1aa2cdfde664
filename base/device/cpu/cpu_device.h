// SPDX-License-Identifier: Apache-2.0
// The CPU as a device. All its memory is the host's, kernels run on the thread that calls them, and
// streams are queues with a thread each.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "base/device/device.h"
#include "base/device/memory_accounts.h"

namespace lockstep {

class CpuDevice : public Device {
 public:
  explicit CpuDevice(DeviceSpec spec) : spec_(std::move(spec)) {}

  const DeviceSpec& spec() const override { return spec_; }
  bool host_addressable() const override { return true; }
  Result<DeviceBuffer> Allocate(MemoryKind kind, size_t bytes, std::string_view what) override;
  Result<std::unique_ptr<Stream>> MakeStream(std::string name, int priority) override;
  Result<MemoryUse> memory() const override;

 private:
  const DeviceSpec spec_;
  const std::shared_ptr<MemoryAccounts> accounts_ = std::make_shared<MemoryAccounts>();
};

}  // namespace lockstep
