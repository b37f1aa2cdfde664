// SPDX-License-Identifier: Apache-2.0
#include "ops/core/testing/test_device.h"

#include <cstring>
#include <utility>

#include "base/check.h"
#include "base/device/cpu/cpu_device.h"
#include "base/device/emulated/emulated_device.h"
#include "base/device/memory_access.h"

namespace lockstep::ops {

std::string_view NameOf(TestDevice device) {
  return device == TestDevice::kCpu ? "cpu" : "emulated";
}

std::shared_ptr<Device> MakeTestDevice(TestDevice device, int32_t threads, CpuIsa isa) {
  DeviceSpec spec = ReferenceCpuSpec();
  spec.isa = NameOf(isa);
  spec.reference_kernels_only = false;
  spec.threads = threads;
  if (device == TestDevice::kEmulated) return std::make_shared<EmulatedDevice>(std::move(spec));
  return std::make_shared<CpuDevice>(std::move(spec));
}

Result<std::unique_ptr<TensorsOnDevice>> TensorsOnDevice::Make(Device* device) {
  std::unique_ptr<TensorsOnDevice> tensors(new TensorsOnDevice(device));
  if (!device->host_addressable()) {
    ASSIGN_OR_RETURN(tensors->stream_, device->MakeStream("kernel run", 0));
  }
  return tensors;
}

TensorsOnDevice::Placed* TensorsOnDevice::Find(const GuardedTensor& tensor) {
  for (Placed& placed : placed_) {
    if (placed.tensor == &tensor) return &placed;
  }
  return nullptr;
}

Result<unsigned char*> TensorsOnDevice::Put(const GuardedTensor& tensor) {
  if (device_->host_addressable()) return const_cast<unsigned char*>(tensor.data());
  Placed* placed = Find(tensor);
  if (placed == nullptr) {
    ASSIGN_OR_RETURN(placed, Free(tensor.memory_bytes()));
    placed->tensor = &tensor;
    stream_->Copy(placed->memory.data(), tensor.memory(), tensor.memory_bytes());
  }
  return static_cast<unsigned char*>(placed->memory.data()) + GuardedTensor::kGuardBytes;
}

Result<TensorsOnDevice::Placed*> TensorsOnDevice::Free(size_t bytes) {
  for (Placed& placed : placed_) {
    if (placed.tensor == nullptr && placed.memory.size() == bytes) return &placed;
  }
  ASSIGN_OR_RETURN(DeviceBuffer memory,
                   device_->Allocate(MemoryKind::kDevice, bytes, "test tensors"));
  placed_.push_back({nullptr, std::move(memory)});
  return &placed_.back();
}

void TensorsOnDevice::Clear() {
  for (Placed& placed : placed_) placed.tensor = nullptr;
}

Result<std::unique_ptr<TensorsOnDevice>> PlacesOfRuns::Take() {
  {
    MutexLock lock(&mutex_);
    if (!free_.empty()) {
      std::unique_ptr<TensorsOnDevice> places = std::move(free_.back());
      free_.pop_back();
      return places;
    }
  }
  return TensorsOnDevice::Make(device_.get());
}

void PlacesOfRuns::Return(std::unique_ptr<TensorsOnDevice> places) {
  places->Clear();
  MutexLock lock(&mutex_);
  free_.push_back(std::move(places));
}

Status TensorsOnDevice::Wait() { return MemoryAccess(*device_, stream_.get()).Wait(); }

Status TensorsOnDevice::Get(const GuardedTensor& tensor, GuardedTensor* to) {
  CHECK_EQ(tensor.type(), to->type());
  if (device_->host_addressable()) {
    if (to != &tensor) std::memcpy(to->memory(), tensor.memory(), tensor.memory_bytes());
    return OkStatus();
  }
  const Placed* const placed = Find(tensor);
  CHECK(placed != nullptr) << "the tensor was put on the device";
  return MemoryAccess(*device_, stream_.get())
      .CopyAndWait(to->memory(), placed->memory.data(), tensor.memory_bytes());
}

}  // namespace lockstep::ops
