// SPDX-License-Identifier: Apache-2.0
// CudaDevice: a GPU behind the interfaces of base/device, through the plugin's table
// (base/device/cuda_abi.h). A process has one.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/device/cuda/cuda_stream.h"
#include "base/device/cuda_abi.h"
#include "base/device/gpu.h"
#include "base/device/memory_accounts.h"

namespace lockstep {

class CudaDevice : public GpuDevice {
 public:
  // Starts CUDA and takes the GPU of this number among those that the process may use. Fails as
  // StartCuda does, and where there is no such GPU or it is older than sm_80.
  static Result<std::unique_ptr<CudaDevice>> Open(const lockstep_cuda* cuda, int32_t index = 0);

  const DeviceSpec& spec() const override { return spec_; }
  bool host_addressable() const override { return false; }
  Result<DeviceBuffer> Allocate(MemoryKind kind, size_t bytes, std::string_view what) override;
  Result<std::unique_ptr<Stream>> MakeStream(std::string name, int priority) override;
  Result<MemoryUse> memory() const override;
  Result<std::shared_ptr<const GpuKernel>> FindKernel(
      std::string_view name, std::span<const GpuParameter> parameters) override;

 private:
  CudaDevice(const lockstep_cuda* cuda, DeviceSpec spec) : cuda_(cuda), spec_(std::move(spec)) {}

  const lockstep_cuda* const cuda_;
  const DeviceSpec spec_;
  const std::shared_ptr<MemoryAccounts> accounts_ = std::make_shared<MemoryAccounts>();
};

}  // namespace lockstep
