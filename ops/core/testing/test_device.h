// SPDX-License-Identifier: Apache-2.0
// The devices that tests of kernels run on, and tensors in the memory of one.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "base/device/cpu_isa.h"
#include "base/device/device.h"
#include "ops/core/testing/guarded_tensor.h"

namespace lockstep::ops {

enum class TestDevice : uint8_t {
  kCpu,
  kEmulated,  // the CPU's kernels behind a wall (base/device/emulated/emulated_device.h)
};
std::string_view NameOf(TestDevice device);

// Of this machine, for all kernels.
std::shared_ptr<Device> MakeTestDevice(TestDevice device, int32_t threads, CpuIsa isa);

// Tensors of one run, guards and all, where the kernels of a device read and write them: the
// tensors themselves where the host may touch the device's memory, else copies.
class TensorsOnDevice {
 public:
  static Result<std::unique_ptr<TensorsOnDevice>> Make(Device* device);

  // The address of its data for kernels; a tensor that is there has the same again. It outlives
  // this.
  Result<unsigned char*> Put(const GuardedTensor& tensor);
  // Waits for what was enqueued.
  Status Wait();
  // Makes `to`, of the type of `tensor`, what kernels have made of it, guards and all.
  Status Get(const GuardedTensor& tensor, GuardedTensor* to);

  Stream* stream() { return stream_.get(); }  // null where kernels run on the calling thread

 private:
  struct Placed {
    const GuardedTensor* tensor;
    DeviceBuffer memory;
  };

  explicit TensorsOnDevice(Device* device) : device_(device) {}
  Placed* Find(const GuardedTensor& tensor);

  Device* const device_;
  std::vector<Placed> placed_;
  std::unique_ptr<Stream> stream_;  // last: its work uses the memory
};

}  // namespace lockstep::ops
