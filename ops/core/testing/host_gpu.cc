// SPDX-License-Identifier: Apache-2.0
#include "ops/core/testing/host_gpu.h"

#include <cstring>
#include <utility>
#include <vector>

#include "base/device/queue_stream.h"
#include "ops/core/gpu_host.h"

namespace lockstep::ops {
namespace {

class HostGpuKernel : public GpuKernel {
 public:
  explicit HostGpuKernel(const gpu::HostKernel* kernel) : kernel_(kernel) {}
  const gpu::HostKernel& kernel() const { return *kernel_; }

 private:
  const gpu::HostKernel* const kernel_;
};

class HostGpuStream : public GpuStream {
 public:
  explicit HostGpuStream(std::string name) : queue_(std::move(name)) {}
  EventPtr Enqueue(std::function<Status()> work) override {
    return queue_.Enqueue(std::move(work));
  }
  EventPtr Record() override { return queue_.Record(); }
  void WaitFor(EventPtr event) override { queue_.WaitFor(std::move(event)); }
  void Copy(void* to, const void* from, size_t bytes) override { queue_.Copy(to, from, bytes); }
  void Fill(void* to, uint8_t byte, size_t bytes) override { queue_.Fill(to, byte, bytes); }

  Status Launch(const GpuKernel& kernel, GpuGrid grid,
                std::span<const void* const> parameters) override {
    const gpu::HostKernel& host = static_cast<const HostGpuKernel&>(kernel).kernel();
    std::vector<std::vector<std::byte>> values;
    for (size_t i = 0; i < parameters.size(); ++i) {
      const auto* const bytes = static_cast<const std::byte*>(parameters[i]);
      values.emplace_back(bytes, bytes + host.parameters[i].bytes);
    }
    queue_.Enqueue([&host, grid, values = std::move(values)] {
      std::vector<const void*> pointers;
      for (const auto& value : values) pointers.push_back(value.data());
      gpu::HostLaunch(host, grid, pointers);
      return OkStatus();
    });
    return OkStatus();
  }

 private:
  QueueStream queue_;
};

DeviceSpec HostGpuSpec() {
  DeviceSpec spec;
  spec.kind = DeviceKind::kCuda;
  spec.name = "host build of GPU kernels";
  spec.isa = "sm_90";
  return spec;
}

}  // namespace

HostGpu::HostGpu() : memory_(HostGpuSpec()) {}

Result<std::unique_ptr<Stream>> HostGpu::MakeStream(std::string name, int) {
  return std::unique_ptr<Stream>(std::make_unique<HostGpuStream>(std::move(name)));
}

Result<std::shared_ptr<const GpuKernel>> HostGpu::FindKernel(
    std::string_view name, std::span<const GpuParameter> parameters) {
  const gpu::HostKernel* const kernel = gpu::FindHostKernel(name);
  if (kernel == nullptr) return NotFound("no GPU kernel is named " + std::string(name));
  RETURN_IF_ERROR(gpu::ExpectParameters(name, parameters, kernel->parameters));
  return std::shared_ptr<const GpuKernel>(std::make_shared<HostGpuKernel>(kernel));
}

}  // namespace lockstep::ops
