// SPDX-License-Identifier: Apache-2.0
// HostGpu: a GPU of tests. Its kernels are the host builds of the real bodies (ops/core/gpu_host.h),
// its memory is the host's, its streams are threads.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/device/cpu/cpu_device.h"
#include "base/device/gpu.h"

namespace lockstep::ops {

class HostGpu : public GpuDevice {
 public:
  HostGpu();
  const DeviceSpec& spec() const override { return memory_.spec(); }
  bool host_addressable() const override { return true; }
  Result<DeviceBuffer> Allocate(MemoryKind kind, size_t bytes, std::string_view what) override {
    return memory_.Allocate(kind, bytes, what);
  }
  Result<std::unique_ptr<Stream>> MakeStream(std::string name, int priority) override;
  Result<MemoryUse> memory() const override { return memory_.memory(); }
  Result<std::shared_ptr<const GpuKernel>> FindKernel(
      std::string_view name, std::span<const GpuParameter> parameters) override;

 private:
  CpuDevice memory_;
};

}  // namespace lockstep::ops
