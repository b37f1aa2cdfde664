// SPDX-License-Identifier: Apache-2.0
// What a GPU has beyond a Device: kernels found by name, and their launch on a stream. Kernels of
// ops see GPUs through these interfaces only, so a host that runs the same kernel bodies can stand
// behind them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "base/device/device.h"
#include "base/status.h"

namespace lockstep {

// A one-dimensional grid of blocks of threads.
struct GpuGrid {
  uint32_t blocks = 0;
  uint32_t threads = 0;  // of each block
  bool operator==(const GpuGrid&) const = default;
};

// One parameter of a kernel, as its caller sees it.
struct GpuParameter {
  size_t bytes = 0;
  bool is_pointer = false;  // into the device's memory
  bool operator==(const GpuParameter&) const = default;
};

// A kernel of a device, made by it and used with its streams only.
class GpuKernel {
 public:
  virtual ~GpuKernel() = default;
};

class GpuStream : public Stream {
 public:
  // Enqueues one run of the kernel. `parameters` points to each parameter's value, which is copied
  // before the call returns.
  virtual Status Launch(const GpuKernel& kernel, GpuGrid grid,
                        std::span<const void* const> parameters) = 0;
};

class GpuDevice : public Device {
 public:
  // Not found where there is no such kernel; internal where it takes other parameters than these.
  virtual Result<std::shared_ptr<const GpuKernel>> FindKernel(
      std::string_view name, std::span<const GpuParameter> parameters) = 0;
};

}  // namespace lockstep
