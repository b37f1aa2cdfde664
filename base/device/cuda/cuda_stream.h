// SPDX-License-Identifier: Apache-2.0
// CudaStream: a stream of a GPU behind the interfaces of base/device.
//
// What the calls that return nothing have to report, the next event does. After the first failure
// nothing more is given to the GPU; what it was given before that still runs, and its results are
// not to be trusted: every later event has failed. Events are polled, never waited for inside the
// driver, so a hung kernel is a deadline that passes.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/device/cuda_abi.h"
#include "base/device/gpu.h"

namespace lockstep {

class CudaKernel : public GpuKernel {
 public:
  CudaKernel(std::string name, lockstep_cuda_kernel handle)
      : name_(std::move(name)), handle_(handle) {}
  const std::string& name() const { return name_; }
  lockstep_cuda_kernel handle() const { return handle_; }

 private:
  const std::string name_;
  const lockstep_cuda_kernel handle_;
};

// What a stream and its events share; it lives as long as the last of them.
class CudaStreamState;

class CudaStream : public GpuStream {
 public:
  static Result<std::unique_ptr<CudaStream>> Make(const lockstep_cuda* cuda, std::string name,
                                                  int priority);
  // Lets what was given to the GPU end, for a minute at most. Host work that has not begun is
  // passed over, and its events are cancelled.
  ~CudaStream() override;

  EventPtr Enqueue(std::function<Status()> work) override;
  EventPtr Record() override;
  // The event is one of a CudaStream; else this stream fails.
  void WaitFor(EventPtr event) override;
  void Copy(void* to, const void* from, size_t bytes) override;
  void Fill(void* to, uint8_t byte, size_t bytes) override;
  Status Launch(const GpuKernel& kernel, GpuGrid grid,
                std::span<const void* const> parameters) override;

 private:
  explicit CudaStream(std::shared_ptr<CudaStreamState> state) : state_(std::move(state)) {}

  const std::shared_ptr<CudaStreamState> state_;
};

}  // namespace lockstep
