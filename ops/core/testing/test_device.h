// SPDX-License-Identifier: Apache-2.0
// The devices that tests of kernels run on, and tensors in the memory of one.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "base/device/cpu_isa.h"
#include "base/device/device.h"
#include "base/mutex.h"
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
  // Forgets the tensors; the memory is there for others of the same size.
  void Clear();

  Stream* stream() { return stream_.get(); }  // null where kernels run on the calling thread

 private:
  struct Placed {
    const GuardedTensor* tensor;  // null: free
    DeviceBuffer memory;
  };

  explicit TensorsOnDevice(Device* device) : device_(device) {}
  Placed* Find(const GuardedTensor& tensor);
  // Free memory of that size, made where there is none.
  Result<Placed*> Free(size_t bytes);

  Device* const device_;
  std::vector<Placed> placed_;
  std::unique_ptr<Stream> stream_;  // last: its work uses the memory
};

// TensorsOnDevice of runs that are done, for those to come: memory and threads of a device are
// dear. It is thread-safe.
class PlacesOfRuns {
 public:
  explicit PlacesOfRuns(std::shared_ptr<Device> device) : device_(std::move(device)) {}

  Result<std::unique_ptr<TensorsOnDevice>> Take() EXCLUDES(mutex_);
  // Of a run that is done.
  void Return(std::unique_ptr<TensorsOnDevice> places) EXCLUDES(mutex_);

 private:
  const std::shared_ptr<Device> device_;
  Mutex mutex_;
  std::vector<std::unique_ptr<TensorsOnDevice>> free_ GUARDED_BY(mutex_);
};

}  // namespace lockstep::ops
