// SPDX-License-Identifier: Apache-2.0
#include "base/device/cuda/cuda_device.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/device/cuda/cuda_loader.h"
#include "base/device/host_memory.h"

namespace lockstep {
namespace {

constexpr int32_t kOldestSm = 80;          // that the plugin has code for
constexpr int64_t kBufferAlignment = 256;  // what the driver's allocations begin at

class CudaLoan : public DeviceBuffer::Loan {
 public:
  CudaLoan(const lockstep_cuda* cuda, int32_t kind, uint64_t address,
           std::shared_ptr<MemoryAccounts> accounts, std::string_view what, size_t bytes)
      : cuda_(cuda), kind_(kind), address_(address), entry_(std::move(accounts), what, bytes) {}
  ~CudaLoan() override { cuda_->release(kind_, address_); }  // nobody could be told

 private:
  const lockstep_cuda* const cuda_;
  const int32_t kind_;
  const uint64_t address_;
  const MemoryAccounts::Entry entry_;
};

std::string MiB(int64_t bytes) { return std::to_string(bytes >> 20) + " MiB"; }

std::string ParametersText(std::span<const int32_t> bytes) {
  std::string text;
  for (const int32_t b : bytes) text += (text.empty() ? "" : ", ") + std::to_string(b);
  return "(" + text + ")";
}

}  // namespace

Result<std::unique_ptr<CudaDevice>> CudaDevice::Open(const lockstep_cuda* cuda, int32_t index) {
  ASSIGN_OR_RETURN(const int32_t devices, StartCuda(cuda));
  if (index < 0 || index >= devices) {
    return InvalidArgument("GPU " + std::to_string(index) +
                           " was asked for; this process may use " + std::to_string(devices) +
                           ", numbered from 0 (CUDA_VISIBLE_DEVICES says which)");
  }
  lockstep_cuda_device_info info = {};
  RETURN_IF_ERROR(CudaStatus(cuda, "device_info", cuda->device_info(index, &info)));
  if (info.sm_version < kOldestSm) {
    return FailedPrecondition(std::string(info.name) + " is sm_" + std::to_string(info.sm_version) +
                              "; expected sm_80 (A100) or newer: take another GPU with "
                              "CUDA_VISIBLE_DEVICES, or run with run.device = \"cpu\"");
  }
  RETURN_IF_ERROR(CudaStatus(cuda, "use_device", cuda->use_device(index)));
  DeviceSpec spec;
  spec.kind = DeviceKind::kCuda;
  spec.name = info.name;
  spec.isa = "sm_" + std::to_string(info.sm_version);
  spec.sm_count = info.sm_count;
  spec.memory_bytes = info.memory_bytes;
  spec.buffer_alignment = kBufferAlignment;
  return std::unique_ptr<CudaDevice>(new CudaDevice(cuda, std::move(spec)));
}

Result<DeviceBuffer> CudaDevice::Allocate(MemoryKind kind, size_t bytes, std::string_view what) {
  if (bytes == 0) return DeviceBuffer();
  if (kind == MemoryKind::kHost) return AllocateHostMemory(kind, bytes, accounts_, what);
  const int32_t cuda_kind =
      kind == MemoryKind::kPinned ? LOCKSTEP_CUDA_PINNED_MEMORY : LOCKSTEP_CUDA_DEVICE_MEMORY;
  uint64_t address = 0;
  const int error = cuda_->allocate(cuda_kind, bytes, &address);
  if (error == LOCKSTEP_CUDA_OUT_OF_MEMORY) {
    const auto use = memory();
    const std::string state = use.ok() ? MiB(use->free_bytes) + " of " + MiB(use->total_bytes) +
                                             " are free, this process has " +
                                             MiB(use->ours_in_all()) + ": " + use->OursText()
                                       : use.status().ToString();
    return ResourceExhausted(std::string(what) + ": " + spec_.name + " has no " +
                             std::to_string(bytes) + " bytes of " + std::string(NameOf(kind)) +
                             " memory left; " + state +
                             "; use a smaller batch, or see in nvidia-smi who has the rest");
  }
  RETURN_IF_ERROR(CudaStatus(cuda_, "allocate", error).WithContext(what));
  auto loan = std::make_unique<CudaLoan>(cuda_, cuda_kind, address, accounts_, what, bytes);
  return DeviceBuffer(std::move(loan), reinterpret_cast<void*>(address), bytes, kind);
}

Result<std::unique_ptr<Stream>> CudaDevice::MakeStream(std::string name, int priority) {
  ASSIGN_OR_RETURN(std::unique_ptr<CudaStream> stream,
                   CudaStream::Make(cuda_, std::move(name), priority));
  return std::unique_ptr<Stream>(std::move(stream));
}

Result<MemoryUse> CudaDevice::memory() const {
  uint64_t free_bytes = 0, total_bytes = 0;
  RETURN_IF_ERROR(CudaStatus(cuda_, "memory", cuda_->memory(&free_bytes, &total_bytes)));
  MemoryUse use;
  use.free_bytes = static_cast<int64_t>(free_bytes);
  use.total_bytes = static_cast<int64_t>(total_bytes);
  use.ours = accounts_->by_what();
  return use;
}

Result<std::shared_ptr<const GpuKernel>> CudaDevice::FindKernel(
    std::string_view name, std::span<const GpuParameter> parameters) {
  const std::string kernel_name(name);
  lockstep_cuda_kernel kernel = 0;
  lockstep_cuda_parameters taken = {};
  const int error = cuda_->find_kernel(kernel_name.c_str(), &kernel, &taken);
  if (error == LOCKSTEP_CUDA_NO_KERNEL) {
    return NotFound("the CUDA plugin has no kernel " + kernel_name +
                    "; rebuild it from the same source (ninja lockstep_cuda)");
  }
  RETURN_IF_ERROR(CudaStatus(cuda_, "find_kernel", error).WithContext(kernel_name));
  std::vector<int32_t> given;
  for (const GpuParameter& p : parameters) given.push_back(static_cast<int32_t>(p.bytes));
  const std::span<const int32_t> wanted(taken.bytes, static_cast<size_t>(taken.count));
  if (!std::ranges::equal(given, wanted)) {
    return Internal("kernel " + kernel_name + " takes parameters of " + ParametersText(wanted) +
                    " bytes; the launch gives " + ParametersText(given) +
                    ": rebuild the plugin from the same source (ninja lockstep_cuda)");
  }
  return std::shared_ptr<const GpuKernel>(std::make_shared<CudaKernel>(kernel_name, kernel));
}

}  // namespace lockstep
