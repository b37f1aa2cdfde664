// SPDX-License-Identifier: Apache-2.0
// GpuPlan: the launches that run a node on a GPU, as plain data made without a device. A parameter
// is a value, or an operand whose pointer the run fills in. So launches are counted, checked and
// priced before there is a GPU.
//
//   plan->Launch("relu_f32", GridFor(n), In(0), Out(0), n);
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "base/device/gpu.h"
#include "base/status.h"
#include "ops/core/gpu_parameters.h"
#include "ops/core/kernel.h"

namespace lockstep::ops {

inline constexpr uint32_t kGpuThreads = gpu::kThreads;  // of a block, of every kernel
// The blocks of a grid that goes over its elements in strides. It is the same on every GPU, so that
// no sum depends on which one it is: enough to fill the largest.
inline constexpr int64_t kGpuBlocks = 132 * 16;
inline constexpr size_t kGpuParameters = 16;  // of a kernel, at most

// A pointer of a run, `offset` bytes on.
struct GpuOperand {
  enum class Kind : uint8_t { kIn, kOut, kWorkspace };
  Kind kind = Kind::kIn;
  int32_t index = 0;
  int64_t offset = 0;
};
inline GpuOperand In(int32_t index) { return {GpuOperand::Kind::kIn, index}; }
inline GpuOperand Out(int32_t index) { return {GpuOperand::Kind::kOut, index}; }

// Where the random numbers of a node begin in a step (base/philox.h): filled in by the run, from
// the step header and the node's path. At most one in a launch.
struct GpuDraws {
  std::string purpose;  // "dropout"
};

// A grid whose threads share n elements; no blocks where there are none.
GpuGrid GridFor(int64_t n);

struct GpuArgument {
  std::vector<std::byte> value;       // of a parameter that is neither of these
  std::optional<GpuOperand> operand;  // of a pointer
  std::optional<GpuDraws> draws;      // of a gpu::PhiloxStart
  GpuParameter parameter() const {
    if (operand.has_value()) return {sizeof(void*), true};
    return {draws.has_value() ? sizeof(gpu::PhiloxStart) : value.size(), false};
  }
};

struct GpuCall {
  std::string kernel;
  GpuGrid grid;
  std::vector<GpuArgument> arguments;
};

// What every GPU takes: kGpuThreads threads, blocks below 2^31, 4 KiB of parameters and at most
// kGpuParameters of them. Internal, naming the kernel and the number, for others.
Status CheckLaunch(const GpuCall& call);

class GpuPlan {
 public:
  // Adds a launch; a grid without blocks is none.
  template <typename... P>
  void Launch(std::string kernel, GpuGrid grid, const P&... parameters) {
    if (grid.blocks == 0) return;
    calls_.push_back({std::move(kernel), grid, {Argument(parameters)...}});
  }
  // An array in the workspace, not initialised.
  template <typename T>
  GpuOperand Scratch(int64_t count) {
    const GpuOperand array = {GpuOperand::Kind::kWorkspace, 0, workspace_bytes_};
    workspace_bytes_ += (count * static_cast<int64_t>(sizeof(T)) + 255) / 256 * 256;
    return array;
  }
  const std::vector<GpuCall>& calls() const { return calls_; }
  int64_t workspace_bytes() const { return workspace_bytes_; }

 private:
  static GpuArgument Argument(const GpuOperand& operand) { return {{}, operand, {}}; }
  static GpuArgument Argument(const GpuDraws& draws) { return {{}, {}, draws}; }
  template <typename T>
  static GpuArgument Argument(const T& value) {
    static_assert(std::is_trivially_copyable_v<T> && !std::is_pointer_v<T>);
    GpuArgument argument;
    argument.value.resize(sizeof(T));
    std::memcpy(argument.value.data(), &value, sizeof(T));
    return argument;
  }

  std::vector<GpuCall> calls_;
  int64_t workspace_bytes_ = 0;
};

// Finds the kernels of a plan on the device: a Kernel whose Run launches them in order.
// Failed-precondition where the device is no GPU.
Result<std::unique_ptr<Kernel>> MakeGpuKernel(const NodeSpec& node, const GpuPlan& plan,
                                              Device* device);

}  // namespace lockstep::ops
