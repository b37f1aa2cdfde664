// SPDX-License-Identifier: Apache-2.0
// EmulatedDevice: a CPU behind a wall. Kernels and bits are the CPU's, and everything else is as on
// a GPU: kDevice memory that ends the process when the host touches it (walled_memory.h), work that
// is done some time after it was enqueued, streams that run at once. So the program can be tested
// on it for what a GPU asks, without one.
//
// It counts what is asked of it, any call can be made to fail, and any stream to stand still.
// Kernels may reach buffers of the kinds kDevice and kPinned only, and only while they live.
// Freeing a buffer waits for nothing: work that comes to use it later fails.
#pragma once

#include <memory>
#include <string>

#include "base/device/emulated/emulated_stream.h"

namespace lockstep {

class EmulatedDevice : public Device {
 public:
  // `spec`: a CPU's. Its memory_bytes, where known, is all that buffers may have together.
  explicit EmulatedDevice(DeviceSpec spec);

  const DeviceSpec& spec() const override { return spec_; }
  bool host_addressable() const override { return false; }
  Result<DeviceBuffer> Allocate(MemoryKind kind, size_t bytes, std::string_view what) override;
  Result<std::unique_ptr<Stream>> MakeStream(std::string name, int priority) override;
  Result<MemoryUse> memory() const override;

  // For tests. All are thread-safe.
  EmulatedCounts counts() const { return core_->counts(); }
  // The nth call from now on fails, 1 is the next; 0: none. Its failure names the call.
  void FailCall(int64_t nth) { core_->FailCall(nth); }
  // Streams of that name do no more work until they are released, or destroyed.
  void Hold(const std::string& stream) { core_->Hold(stream); }
  void Release(const std::string& stream) { core_->Release(stream); }

 private:
  const DeviceSpec spec_;
  const std::shared_ptr<EmulatedCore> core_;
};

}  // namespace lockstep
